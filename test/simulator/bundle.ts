import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** The command of `main.ts` as one file of JavaScript, for where there is Node and nothing else. */
export async function simulatorBundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./main.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minify: true,
    write: false,
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}
