import type { IncomingMessage } from 'node:http'

/** POST bodies signed with TC3-HMAC-SHA256 may have 10 MB. */
export const mostBodyBytes = 10 * 1024 * 1024
/** Beyond this the rest is not even read away. */
const mostDrainedBytes = 4 * mostBodyBytes

/**
 * Reads a request to its end, keeping at most 10 MB of it.
 * @returns undefined where it was larger
 * @throws the stream's error where the client went away
 */
export async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > mostDrainedBytes) throw new Error('The body has no end.')
    if (size <= mostBodyBytes) chunks.push(chunk)
  }
  return size <= mostBodyBytes ? Buffer.concat(chunks) : undefined
}
