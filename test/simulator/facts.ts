import document from './api/ssl-2019-12-05.json' with { type: 'json' }

/** A parameter or an answer's field, as the description of API version 2019-12-05 declares it. */
export interface Field {
  readonly name: string
  /** `string`, `bool`, `int64`, `uint64`, the name of a structure, or one of these followed by `[]`. */
  readonly type: string
  readonly required?: boolean
  /** Answers only: null is a documented value. */
  readonly nullable?: boolean
  /** Answers only: may be left out. */
  readonly optional?: boolean
  /** Unknown to the international site. */
  readonly chinaOnly?: boolean
}

export interface ActionFacts {
  readonly chinaOnly?: boolean
  readonly input: readonly Field[]
  readonly output: readonly Field[]
  readonly errors?: readonly string[]
}

/** The served actions and their structures: names, types and flags, read from the checked-in list. */
export const facts: {
  readonly service: string
  readonly version: string
  readonly actions: Readonly<Record<string, ActionFacts>>
  readonly types: Readonly<Record<string, readonly Field[]>>
} = document
