import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Dispatcher, EnvHttpProxyAgent, interceptors, request } from 'undici'
import type { Progress } from '../programs/progress.ts'
import { runProgram } from '../programs/run-program.ts'

/** The published list of envtest archives with their checksums. */
export const envtestIndex =
  'https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml'

/** Where an archive is and what its SHA-512 must be, in hex. */
export interface EnvtestArchive {
  url: string
  sha512: string
}

/**
 * Downloads the official archive of `version` ("1.36.3") for `os` and `arch` (Go's names), checks it, and unpacks etcd
 * and kube-apiserver into `folder`. A network that is closed costs seconds: three to connect, six for the index.
 * @throws Error that says what is missing, unreachable or wrong.
 */
export async function downloadEnvtest(
  folder: string,
  wanted: { version: string; os: string; arch: string },
  progress: Progress,
  index = envtestIndex,
): Promise<void> {
  const agent = new EnvHttpProxyAgent({
    connect: { timeout: 3_000 },
    headersTimeout: 6_000,
    bodyTimeout: 15_000,
  })
  try {
    // GitHub answers a download with a redirect to its storage.
    const dispatcher = agent.compose(interceptors.redirect({ maxRedirections: 5 }))
    const archive = await findArchive(index, wanted, dispatcher)
    const file = join(folder, 'envtest.tar.gz')
    mkdirSync(folder, { recursive: true })
    await download(archive.url, file, dispatcher, progress)
    const sha512 = createHash('sha512')
    await pipeline(createReadStream(file), sha512)
    const seen = sha512.digest('hex')
    if (seen !== archive.sha512) {
      throw new Error(
        `${archive.url} has SHA-512 ${seen.slice(0, 16)}…, the index says ${archive.sha512.slice(0, 16)}…`,
      )
    }
    const members = ['etcd', 'kube-apiserver'].map((name) => `controller-tools/envtest/${name}`)
    await runProgram(['tar', '-xzf', file, '-C', folder, '--strip-components=2', ...members])
  } finally {
    await agent.destroy()
  }
}

async function findArchive(
  index: string,
  { version, os, arch }: { version: string; os: string; arch: string },
  dispatcher: Dispatcher,
): Promise<EnvtestArchive> {
  const text = await readIndex(index, dispatcher).catch((error: Error) => {
    throw new Error(`${index}: ${error.message}`)
  })
  // Loaded here only: it is large, and nearly every start finds the programs in the cache.
  const { loadYaml } = await import('@kubernetes/client-node')
  const { releases } = loadYaml<{
    releases?: Record<string, Record<string, { hash: string; selfLink: string }>>
  }>(text)
  const archive = releases?.[`v${version}`]?.[`envtest-v${version}-${os}-${arch}.tar.gz`]
  if (archive === undefined) throw new Error(`the index names no archive of v${version} for ${os}-${arch}`)
  return { url: archive.selfLink, sha512: archive.hash }
}

async function readIndex(index: string, dispatcher: Dispatcher): Promise<string> {
  const answer = await request(index, { dispatcher, signal: AbortSignal.timeout(6_000) })
  const text = await answer.body.text()
  if (answer.statusCode !== 200) throw new Error(`HTTP ${answer.statusCode}`)
  return text
}

async function download(
  url: string,
  file: string,
  dispatcher: Dispatcher,
  progress: Progress,
): Promise<void> {
  const answer = await request(url, { dispatcher })
  if (answer.statusCode !== 200) {
    await answer.body.dump()
    throw new Error(`${url} answers with HTTP ${answer.statusCode}`)
  }
  const inMb = (bytes: number) => Math.round(bytes / 1e6)
  progress.step('envtest archive', 'MB', inMb(Number(answer.headers['content-length'] ?? 0)))
  let bytes = 0
  answer.body.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    progress.update(inMb(bytes))
  })
  try {
    await pipeline(answer.body, createWriteStream(file))
  } finally {
    progress.stop()
  }
}
