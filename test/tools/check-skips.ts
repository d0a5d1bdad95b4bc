/** Fails when a test was skipped that test/allowed-skips.json does not name: a skip nobody decided on hides a hole. */
import { readFileSync } from 'node:fs'

interface Results {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
const allowed = new Set(Object.keys(read('../allowed-skips.json') as Record<string, string>))
const results = read('../../dist/test-results.json') as Results
const skipped = results.testResults
  .flatMap((file) => file.assertionResults)
  .filter((test) => test.status !== 'passed' && test.status !== 'failed')
const unexpected = skipped.filter((test) => !allowed.has(test.fullName))
for (const test of unexpected) console.error(`skipped, but not in test/allowed-skips.json: ${test.fullName}`)
process.exitCode = unexpected.length > 0 ? 1 : 0
