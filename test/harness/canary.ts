import type { KeyObject } from 'node:crypto'

/** Every piece of a secret that is so long, in any encoding, is a trace of it. */
const pieceLength = 24

/**
 * Secrets that must not appear somewhere, in any encoding a program may put them into by mistake: as PEM, base64
 * (of the DER, of the PEM, at any alignment), base64url, percent-encoded, hex, as lists of bytes, and raw. Of a key only
 * its private part counts, since certificates hold the public one.
 */
export class Canaries {
  /** From a piece to the name of the secret and the encoding. */
  readonly #pieces = new Map<string, { readonly name: string; readonly encoding: string }>()

  /** An RSA or EC private key, under a name that tells it from others. */
  addKey(name: string, key: KeyObject): this {
    for (const { label, der, start, end } of formsOf(key)) {
      this.#add(name, `${label} DER`, der.subarray(start, end))
      const pem = pemOf(label, der)
      this.#add(name, `${label} PEM`, Buffer.from(pem.text).subarray(pem.at(start), pem.at(end)))
    }
    return this
  }

  /** A password, token or other text. */
  addText(name: string, text: string): this {
    if (text.length < pieceLength) throw new Error(`${name} is too short to be told from other texts`)
    this.#add(name, 'text', Buffer.from(text))
    return this
  }

  /**
   * What there is of the secrets in a text, as `name (encoding)`; never the secret itself. With a `step` above 1 it is
   * quicker and finds pieces of 23 + `step` characters and more.
   */
  tracesIn(text: string, step = 1): string[] {
    const found = new Set<string>()
    for (const { name, encoding } of this.#search(text, step)) found.add(`${name} (${encoding})`)
    return [...found].sort()
  }

  /** The names of the secrets of which there are traces. */
  namesIn(text: string, step = 1): Set<string> {
    return new Set([...this.#search(text, step)].map(({ name }) => name))
  }

  *#search(text: string, step: number) {
    for (let at = 0; at + pieceLength <= text.length; at += step) {
      const found = this.#pieces.get(text.slice(at, at + pieceLength))
      if (found !== undefined) yield found
    }
  }

  #add(name: string, what: string, bytes: Buffer): void {
    for (const [encoding, text] of encodingsOf(bytes)) {
      for (let at = 0; at + pieceLength <= text.length; at++) {
        const piece = text.slice(at, at + pieceLength)
        if (!this.#pieces.has(piece)) this.#pieces.set(piece, { name, encoding: `${what}, ${encoding}` })
      }
    }
  }
}

function* encodingsOf(bytes: Buffer): Generator<readonly [encoding: string, text: string]> {
  const hex = bytes.toString('hex')
  yield ['raw', bytes.toString('latin1')]
  yield ['hex', hex]
  yield ['hex', hex.toUpperCase()]
  yield ['hex with blanks', hex.replace(/..(?!$)/g, '$& ')]
  yield ['numbers', bytes.join(',')]
  yield ['numbers', bytes.join(' ')]
  // Base64 looks different for each place modulo 3 at which the bytes stand in what was encoded.
  for (const skipped of [0, 1, 2]) {
    const whole = bytes.subarray(skipped, bytes.length - ((bytes.length - skipped) % 3))
    const base64 = whole.toString('base64')
    yield ['base64', base64]
    yield ['base64url', whole.toString('base64url')]
    yield ['percent-encoded base64', encodeURIComponent(base64)]
  }
}

interface KeyForm {
  readonly label: string
  readonly der: Buffer
  /** Where the private part of the DER begins and ends. */
  readonly start: number
  readonly end: number
}

function formsOf(key: KeyObject): KeyForm[] {
  const rsa = key.asymmetricKeyType === 'rsa'
  const secret = Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url')
  const types = { rsa: ['pkcs8', 'pkcs1'], ec: ['pkcs8', 'sec1'] }[key.asymmetricKeyType as 'rsa' | 'ec']
  const labels = { pkcs8: 'PRIVATE KEY', pkcs1: 'RSA PRIVATE KEY', sec1: 'EC PRIVATE KEY' }
  return (types as (keyof typeof labels)[]).map((type) => {
    const der = key.export({ type, format: 'der' })
    const start = der.indexOf(secret)
    // With RSA all that follows the private exponent is private as well.
    return { label: labels[type], der, start, end: rsa ? der.length : start + secret.length }
  })
}

/** The PEM text of a DER, and where in it the base64 of a byte stands. */
function pemOf(label: string, der: Buffer): { text: string; at(byte: number): number } {
  const columns = 64
  const head = `-----BEGIN ${label}-----\n`
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return {
    text: `${head}${lines.join('\n')}\n-----END ${label}-----\n`,
    at(byte) {
      const character = Math.floor((byte * 4) / 3)
      return head.length + character + Math.floor(character / columns)
    },
  }
}
