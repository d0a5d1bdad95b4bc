/**
 * A text fit for one line of a log: bounded, without control characters, and without what looks like a private key.
 * The last is a seat belt: no caller should ever hand one in.
 */
export function redact(text: string): string {
  const clean = text.replace(pem, notShown).replace(encodedPem, notShown).replace(controls, ' ')
  return clean.length > longest ? `${clean.slice(0, longest)}…` : clean
}

const longest = 500
const controls = /\p{Cc}+/gu
const notShown = '[private key]'

// Also without an end: a key that was cut short is still secret.
const pem =
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|$)/g

// A PEM block as the `data` of a Secret holds it: base64 of "-----BEGIN".
const encodedPem = /LS0tLS1CRUdJTi[A-Za-z0-9+/=]*/g
