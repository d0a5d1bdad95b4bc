/**
 * Fills the generated parts of the chart and of deploy/: the texts in values.schema.json and the chart's README.md, both
 * from values.yaml, and deploy/install.yaml from the chart. With --check nothing is written: exit code 1 says that
 * something is not current.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { generatedFiles } from '../chart/generated-files.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const check = process.argv.includes('--check')

for (const [path, text] of await generatedFiles()) {
  if (read(path) === text) continue
  if (check) {
    console.error(`${path} is not current: run npm run generate and commit the result`)
    process.exitCode = 1
  } else {
    writeFileSync(root + path, text)
    console.log(`${path} was brought up to date`)
  }
}

function read(path: string): string {
  try {
    return readFileSync(root + path, 'utf8')
  } catch {
    return ''
  }
}
