/** The part of node-fetch 2 that the SDK's declarations name and we use; it brings no declarations of its own. */
declare module 'node-fetch' {
  export interface RequestInit {
    readonly signal?: AbortSignal
  }
  export interface Response {
    readonly status: number
    readonly body: AsyncIterable<Buffer>
  }
}
