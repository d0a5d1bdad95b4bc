import { chmodSync, mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeKubeconfig } from '../control-plane/kubeconfig.ts'
import { freePorts } from '../control-plane/ports.ts'
import { eventually } from '../harness/eventually.ts'
import { credentials, operatorRules } from '../harness/world.ts'
import { type ArchivedImage, loadImage } from '../images/archived-image.ts'
import { type ContainerEngine, containerEngine, NoContainerEngineError } from '../images/container-engine.ts'
import { operatorImage } from '../images/operator-image.ts'
import type { BenchContext } from './bench-world.ts'
import type { Figures, NotMeasured } from './figures.ts'
import { median } from './statistics.ts'

const runs = 5
const MiB = 1_048_576

/** The size of the image, and how long a container of it takes to be ready. Without Docker: the reason why not. */
export async function measureImage(
  context: BenchContext,
): Promise<{ figures: Figures; notMeasured: NotMeasured }> {
  try {
    await using engine = await containerEngine()
    const image = await operatorImage(engine)
    await loadImage(engine, image)
    const figures = { ...(await sizes(engine, image)), imageStartMs: await startMs(context, engine, image) }
    return { figures, notMeasured: {} }
  } catch (error) {
    if (!(error instanceof NoContainerEngineError)) throw error
    context.progress.say(error.message)
    const reason = 'no Docker'
    return { figures: {}, notMeasured: { imageMiB: reason, imageOwnMiB: reason, imageStartMs: reason } }
  }
}

async function sizes(engine: ContainerEngine, { reference }: ArchivedImage): Promise<Figures> {
  const size = Number(await engine.docker('image', 'inspect', '--format', '{{.Size}}', reference))
  // Bytes of each layer that an instruction made, the newest first; what COPY made is ours.
  const history = await engine.docker(
    'history',
    '--human=false',
    '--no-trunc',
    '--format',
    '{{.Size}} {{.CreatedBy}}',
    reference,
  )
  const own = history.split('\n').filter((line) => /\b(COPY|WORKDIR)\b/.test(line) && line.includes('/app'))
  const ownBytes = own.reduce((sum, line) => sum + Number.parseInt(line, 10), 0)
  return { imageMiB: size / MiB, imageOwnMiB: ownBytes / MiB }
}

/** From `docker start` until /readyz answers 200 (asked every 20 ms), the middle of five containers. */
async function startMs(
  { cluster }: BenchContext,
  engine: ContainerEngine,
  image: ArchivedImage,
): Promise<number> {
  const namespace = await cluster.admin.newNamespace('bench')
  const rights = { namespace, name: 'operator', rules: operatorRules, namespaces: [namespace] }
  const { tokenFile } = await cluster.createServiceAccount(rights)
  // For the user of the image, who is not who runs the benchmark.
  const folder = mkdtempSync(join(cluster.connection.folder, 'image-'))
  chmodSync(folder, 0o755)
  writeKubeconfig(join(folder, 'config'), cluster.url, cluster.caPem, {
    token: readFileSync(tokenFile, 'utf8'),
  })
  chmodSync(join(folder, 'config'), 0o644)
  const times: number[] = []
  for (let run = 0; run < runs; run++) times.push(await startOnce(engine, image, folder, namespace))
  return median(times)
}

async function startOnce(
  engine: ContainerEngine,
  { reference }: ArchivedImage,
  folder: string,
  namespace: string,
): Promise<number> {
  const [port] = await freePorts(1)
  const { secretId, secretKey } = credentials
  const container = await engine.docker(
    ...['create', '--network', 'host', '--read-only', '--cap-drop', 'ALL', '--memory', '128m'],
    ...['--env', `TENCENTCLOUD_SECRET_ID=${secretId}`, '--env', `TENCENTCLOUD_SECRET_KEY=${secretKey}`],
    ...['--volume', `${folder}:/etc/operator:ro`, reference],
    ...['--cluster-name', 'bench', '--kubeconfig', '/etc/operator/config', '--namespaces', namespace],
    ...['--tencent-endpoint', 'http://127.0.0.1:9', '--health-address', `127.0.0.1:${port}`],
    ...['--metrics-address', 'off'],
  )
  const id = container.trim()
  try {
    const began = performance.now()
    const started = engine.docker('start', id)
    await eventually('the operator is ready', async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined)
      return answer?.status === 200
    })
    const tookMs = performance.now() - began
    await started
    return tookMs
  } finally {
    await engine.docker('rm', '--force', id)
  }
}
