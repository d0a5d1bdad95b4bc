import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** A ConfigMap may hold 1 MiB. */
const longest = 900 * 1024

/** The simulator as one file of JavaScript, for a ConfigMap. @throws Error when it has grown too large for one */
export async function simulatorBundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../../../simulator/main.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minify: true,
    write: false,
  })
  const text = outputFiles[0]?.text ?? ''
  if (text.length > longest) throw new Error(`the simulator has ${text.length} bytes; ${longest} may be`)
  return text
}
