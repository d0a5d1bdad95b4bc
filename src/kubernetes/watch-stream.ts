import { KubernetesError } from './kubernetes-error.ts'

/** Far above the size of an object (etcd accepts 1.5 MiB): only a broken peer sends such a line. */
const longestLine = 8 * 1024 * 1024
const newline = 0x0a

/**
 * Splits a stream of bytes into lines and parses each as JSON. Bytes, not text: chunks may split a character. What
 * follows the last newline is a truncated event, and is dropped.
 *
 * @throws KubernetesError `MalformedResponse` for a line that is not JSON, `TooLarge` for one that is too long: skipping
 * it would lose an event.
 */
export async function* jsonLines(
  chunks: AsyncIterable<Buffer>,
  maxLine: number = longestLine,
): AsyncGenerator<unknown> {
  let parts: Buffer[] = []
  let waiting = 0
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      parts.push(chunk.subarray(start, end))
      start = end + 1
      const line = parts.length === 1 ? parts[0] : Buffer.concat(parts)
      parts = []
      waiting = 0
      if (line && line.length > 0) yield parseLine(line, maxLine)
    }
    if (start < chunk.length) parts.push(chunk.subarray(start))
    waiting += chunk.length - start
    if (waiting > maxLine) throw tooLong()
  }
}

function parseLine(line: Buffer, maxLine: number): unknown {
  if (line.length > maxLine) throw tooLong()
  try {
    return JSON.parse(line.toString())
  } catch {
    throw new KubernetesError({
      status: 0,
      reason: 'MalformedResponse',
      message: 'a line of the watch is not valid JSON',
    })
  }
}

function tooLong(): KubernetesError {
  return new KubernetesError({ status: 0, reason: 'TooLarge', message: 'a line of the watch is too long' })
}
