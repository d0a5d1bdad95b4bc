import { createPrivateKey, type KeyObject } from 'node:crypto'
import { sizeLimits } from './material.ts'
import { type PemBlock, pemSize, readPem } from './pem.ts'
import { type PrivateKeyForm, readPrivateKeyForm } from './private-key-form.ts'

/** A private key as a Secret holds it. Reaches the key where it is readable: as short-lived as the Secret's data. */
export type PrivateKeyReading =
  | { readonly kind: 'readable'; readonly key: KeyObject; readonly size: number; pem(form?: 'pkcs8'): string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'encrypted'; readonly size: number }
  /** `detail` says why, with nothing of the key in it. */
  | { readonly kind: 'unreadable'; readonly size: number; readonly detail: string }

/**
 * Reads the first private key among the PEM blocks (`EC PARAMETERS` and certificates beside it do not matter).
 * `size` is that of the clean PEM in bytes; above the limit the key is not parsed. `pem()` keeps the key's own form
 * (PKCS#8, PKCS#1 or SEC1) where OpenSSL can write it, else it is PKCS#8, as `pem('pkcs8')` is. It never throws: a key
 * that cannot be written is unreadable. Never throws.
 */
export function readPrivateKey(data: Uint8Array | undefined): PrivateKeyReading {
  if (data === undefined || isBlank(data)) return { kind: 'missing' }
  const { blocks, problems } = readPem(data)
  const block = blocks.find((each) => isKeyLabel(each.label))
  if (block === undefined) {
    const problem = problems.find((each) => isKeyLabel(each.label))
    const detail =
      problem === undefined
        ? 'it holds no PEM block of a private key'
        : `line ${problem.line}: the block is damaged`
    return { kind: 'unreadable', size: 0, detail }
  }
  const size = pemSize(block.label, block.bytes.length)
  if (isEncrypted(block)) return { kind: 'encrypted', size }
  if (size > sizeLimits.key) return { kind: 'unreadable', size, detail: 'it is too large' }
  const reading = readPrivateKeyForm(block.bytes)
  if ('problem' in reading) return { kind: 'unreadable', size, detail: reading.problem }
  const { form } = reading
  try {
    const key = createPrivateKey({ key: block.bytes, format: 'der', type: form })
    // Writing a key takes as long as reading it: the second form is tried where it is needed.
    const own = canWrite(key, form) ? form : undefined
    if (own === undefined && !canWrite(key, 'pkcs8')) {
      return { kind: 'unreadable', size, detail: 'its key parses, but cannot be written in any form' }
    }
    const pem = (wanted?: 'pkcs8') => {
      const keepsOwn = own !== undefined && (wanted === undefined || !canWrite(key, wanted))
      return cleanPem(key, keepsOwn ? own : 'pkcs8')
    }
    return { kind: 'readable', key, size, pem }
  } catch {
    // The cause is dropped on purpose: only this text leaves, whatever OpenSSL puts into its messages.
    return { kind: 'unreadable', size, detail: 'the block is PEM, but its key does not parse' }
  }
}

/** Whether there is nothing but blanks and line ends. */
export function isBlank(data: Uint8Array): boolean {
  let at = 0
  while (isBlankByte(data[at])) at++
  return at === data.length
}

function isBlankByte(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d)
}

/** OpenSSL knows no SEC1 form of an SM2 key that it has read from one. */
function canWrite(key: KeyObject, form: PrivateKeyForm): boolean {
  try {
    key.export({ type: form, format: 'der' }).fill(0)
    return true
  } catch {
    return false
  }
}

function cleanPem(key: KeyObject, form: PrivateKeyForm): string {
  return key.export({ type: form, format: 'pem' }).toString().trimEnd()
}

function isKeyLabel(label: string): boolean {
  return label === 'PRIVATE KEY' || label.endsWith(' PRIVATE KEY')
}

/** PKCS#8 says it in the label, the older forms in RFC 1421 headers. */
function isEncrypted(block: PemBlock): boolean {
  return (
    block.label === 'ENCRYPTED PRIVATE KEY' ||
    block.headers.some((each) => /^Proc-Type:.*\bENCRYPTED\b/i.test(each))
  )
}
