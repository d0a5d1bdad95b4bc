/**
 * What a parser makes of a text: its value, or what it expected instead ("a whole number from 1 to 10").
 * `secret`: the text may hold a password and must not be shown.
 */
export type Parsed<T> = { readonly value: T } | { readonly expected: string; readonly secret?: boolean }
