/** Shows a text that somebody gave, in quotes and bounded. */
export type Quote = (text: string) => string

const longest = 80

/** A Quote that shows no text in which one of `secrets` occurs. */
export function quoteWithout(secrets: readonly (string | undefined)[]): Quote {
  // A secret of three characters would hide every other word, and protects nothing.
  const hidden = secrets.filter((secret) => secret !== undefined && secret.length > 3)
  return (text) => {
    if (hidden.some((secret) => secret !== undefined && text.includes(secret))) return '(not shown)'
    return JSON.stringify(text.length > longest ? `${text.slice(0, longest)}…` : text)
  }
}
