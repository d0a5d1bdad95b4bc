import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type PemBlock, pemSize, readPem, writePem } from './pem.ts'

const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 })
const label = fc.constantFrom('CERTIFICATE', 'PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PARAMETERS')
const block = fc.record({ label, bytes })
const lineEnd = fc.constantFrom('\n', '\r\n', '\r')
/** Comments, bag attributes and any other characters, but no dashes that could be a marker. */
const garbage = fc.string({ unit: 'binary', maxLength: 60 }).map((text) => text.replaceAll('-', '_'))
/** Pieces that make up damaged PEM much more often than random bytes do. */
const pieces = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '-----BEGIN CERTIFICATE-----',
        '-----END CERTIFICATE-----',
        '-----BEGIN ',
        '-----',
        '=',
      ),
      fc.constantFrom('\n', '\r', ' ', ':', 'Proc-Type: 4,ENCRYPTED\n', '\u0000', '\ufeff'),
      fc.base64String(),
      fc.string({ unit: 'binary' }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''))

describe('readPem', () => {
  it('takes any bytes without throwing and gives no more than it was given', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 2000 }), pieces), (input) => {
        const { blocks, problems } = readPem(input)
        const length = Buffer.from(input).length
        expect(blocks.reduce((sum, each) => sum + each.bytes.length, 0)).toBeLessThanOrEqual(length)
        expect(blocks.length + problems.length).toBeLessThanOrEqual(length)
        expect(blocks.every((each) => each.bytes.length > 0)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('finds every block between random text, with any line ends, indentation and byte order marks', () => {
    const decorated = fc.record({
      parts: fc.array(fc.record({ block, before: garbage, after: garbage, eol: lineEnd }), { maxLength: 5 }),
      indent: fc.constantFrom('', '  ', '\t'),
      trail: fc.constantFrom('', ' ', ' \t'),
      mark: fc.constantFrom('', '\ufeff'),
    })
    fc.assert(
      fc.property(decorated, ({ parts, indent, trail, mark }) => {
        const text = parts.map(({ block, before, after, eol }) => {
          const lines = writePem(block.label, block.bytes).split('\n')
          const body = lines.map((line) => `${indent}${line}${trail}`).join(eol)
          return `${before}${eol}${mark}${body}${eol}${after}${eol}`
        })
        const { blocks, problems } = readPem(text.join(''))
        expect(problems).toEqual([])
        expect(written(blocks)).toEqual(parts.map((each) => writePem(each.block.label, each.block.bytes)))
      }),
      { numRuns: 300 },
    )
  })

  it('gives the same blocks again when they are written and read once more', () => {
    fc.assert(
      fc.property(pieces, (input) => {
        const once = written(readPem(input).blocks).join('\n')
        expect(written(readPem(once).blocks).join('\n')).toBe(once)
      }),
      { numRuns: 300 },
    )
  })

  it('gives no block when a block is cut anywhere before its last character', () => {
    fc.assert(
      fc.property(block, fc.nat(), (whole, cut) => {
        const text = writePem(whole.label, whole.bytes)
        expect(readPem(text.slice(0, cut % text.length)).blocks).toEqual([])
      }),
    )
  })

  it('reads an END and a BEGIN on one line, as files joined without a newline have it', () => {
    const text = writePem('CERTIFICATE', Buffer.from('one')) + writePem('CERTIFICATE', Buffer.from('two'))
    expect(readPem(text).blocks.map((each) => each.bytes.toString())).toEqual(['one', 'two'])
  })

  it('takes markers within a line for prose', () => {
    const text = '# between -----BEGIN CERTIFICATE----- and -----END CERTIFICATE----- stands base64\n'
    expect(readPem(text)).toEqual({ blocks: [], problems: [], cut: false })
  })

  it('keeps the headers of older encrypted keys apart from the bytes', () => {
    const text =
      '-----BEGIN EC PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: AES-256-CBC,00FF\r\n\r\nAAEC\r\n-----END EC PRIVATE KEY-----'
    expect(readPem(text).blocks).toEqual([
      {
        label: 'EC PRIVATE KEY',
        headers: ['Proc-Type: 4,ENCRYPTED', 'DEK-Info: AES-256-CBC,00FF'],
        bytes: Buffer.from([0, 1, 2]),
      },
    ])
  })

  it.each([
    ['no-end', '\n-----BEGIN CERTIFICATE-----\nAAEC\n'],
    ['no-end', '\n-----BEGIN CERTIFICATE-----\nAAEC\n-----END PRIVATE KEY-----\n'],
    ['no-begin', 'AAEC\n-----END CERTIFICATE-----\n'],
    ['not-base64', '\n-----BEGIN CERTIFICATE-----\nAA$C\n-----END CERTIFICATE-----\n'],
    ['not-base64', '\n-----BEGIN CERTIFICATE-----\nAAECA\n-----END CERTIFICATE-----\n'],
    ['empty', '\n-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----\n'],
  ])('says %s with label and line of a damaged block, and reads the next', (kind, damaged) => {
    const { blocks, problems } = readPem(`${damaged}${writePem('CERTIFICATE', Buffer.from('good'))}\n`)
    expect(problems).toEqual([{ kind, label: 'CERTIFICATE', line: 2 }])
    expect(blocks.map((each) => each.bytes.toString())).toEqual(['good'])
  })

  it('reads the first two thousand blocks, and says that there are more', () => {
    const text = `${writePem('CERTIFICATE', Buffer.from('one'))}\n`
    expect(readPem(text.repeat(2_000))).toMatchObject({ cut: false })
    const { blocks, cut } = readPem(text.repeat(2_001))
    expect({ blocks: blocks.length, cut }).toEqual({ blocks: 2_000, cut: true })
    expect(readPem('-----END A-----\n'.repeat(2_001))).toMatchObject({ blocks: [], cut: true })
  })

  it('reads base64 with a blank anywhere, and takes no sign in its middle for padding', () => {
    const read = (body: string) => readPem(`-----BEGIN A-----\n${body}\n-----END A-----`)
    expect(read('A A\tE\r\n\n= \n').blocks.map(({ bytes }) => bytes.length)).toEqual([2])
    for (const body of ['AA=A', 'AAAA===', '=', '= =', 'AA-A', 'AA_A']) {
      expect(read(body).problems.map(({ kind }) => kind)).toEqual(['not-base64'])
    }
  })

  it.each([
    '-',
    '\n',
    ' ',
    'A',
    ':',
    'a: b\n',
    '-----BEGIN A',
    '-----BEGIN A-----',
    '\n-----BEGIN A-----',
    '-----END A-----',
    '-----BEGIN A-----AA-----END A-----',
    '-----BEGIN A-----\na: b\n\nAA\n-----END A-----\n',
  ])('reads 4 MiB of %j in time proportional to its length', (unit) => {
    const started = performance.now()
    readPem(unit.repeat(Math.ceil(2 ** 22 / unit.length)))
    // Takes a tenth of a second; reading each rest of the text again would take hours.
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})

describe('writePem', () => {
  it('writes lines of at most 64 columns with LF and no blank at either end', () => {
    fc.assert(
      fc.property(block, ({ label, bytes }) => {
        const lines = writePem(label, bytes).split('\n')
        expect(lines[0]).toBe(`-----BEGIN ${label}-----`)
        expect(lines.at(-1)).toBe(`-----END ${label}-----`)
        const body = lines.slice(1, -1)
        expect(body.slice(0, -1).every((line) => /^[A-Za-z0-9+/]{64}$/.test(line))).toBe(true)
        expect(body.at(-1)).toMatch(/^[A-Za-z0-9+/]{1,64}={0,2}$/)
      }),
    )
  })

  it('is as long as pemSize says', () => {
    fc.assert(
      fc.property(block, ({ label, bytes }) => {
        expect(pemSize(label, bytes.length)).toBe(Buffer.byteLength(writePem(label, bytes)))
      }),
    )
  })
})

function written(blocks: readonly PemBlock[]): string[] {
  return blocks.map((each) => writePem(each.label, each.bytes))
}
