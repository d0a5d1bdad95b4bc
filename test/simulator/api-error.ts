/** What the service answers instead of a result: HTTP 200 with `Response.Error.{Code, Message}`. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}
