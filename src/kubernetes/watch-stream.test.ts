import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonLines } from './watch-stream.ts'

async function* inPieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0
  for (const size of sizes) {
    yield bytes.subarray(at, at + size)
    at += size
  }
  yield bytes.subarray(at)
}

async function read(chunks: AsyncIterable<Buffer>, maxLine?: number): Promise<unknown[]> {
  const lines: unknown[] = []
  for await (const line of jsonLines(chunks, maxLine)) lines.push(line)
  return lines
}

describe('lines of JSON', () => {
  test('come out whole, however the network cuts them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), fc.array(fc.nat(40)), async (values, sizes) => {
        const bytes = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(''))
        const expected = values.map((value) => JSON.parse(JSON.stringify(value)))
        expect(await read(inPieces(bytes, sizes))).toEqual(expected)
      }),
    )
  })

  test('may have empty ones between them, and the last may be cut short', async () => {
    expect(await read(inPieces(Buffer.from('\n1\n\n2\n{"cut":'), []))).toEqual([1, 2])
  })

  test('that are no JSON end the stream without being quoted', async () => {
    const lines = read(inPieces(Buffer.from('1\nCANARY\n'), []))
    await expect(lines).rejects.toMatchObject({ reason: 'MalformedResponse' })
    await expect(lines).rejects.not.toThrow('CANARY')
  })

  test.each([[[]], [[7, 7]]])('beyond the bound end the stream (cut at %j)', async (sizes) => {
    const whole = read(inPieces(Buffer.from(`"${'x'.repeat(20)}"\n`), sizes), 20)
    await expect(whole).rejects.toMatchObject({ reason: 'TooLarge' })
    const endless = read(inPieces(Buffer.from('x'.repeat(21)), sizes), 20)
    await expect(endless).rejects.toMatchObject({ reason: 'TooLarge' })
    expect(await read(inPieces(Buffer.from(`"${'x'.repeat(18)}"\n`), sizes), 20)).toHaveLength(1)
  })
})
