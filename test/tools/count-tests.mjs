// Closes a run of continuous integration: "N passed, N failed, N skipped", and exits 1 unless all is well.
// Usage: count-tests.mjs RESULTS FAILED_STEPS. Plain JavaScript: it must speak even where the installation failed.
import { existsSync, readFileSync } from 'node:fs'

const [file = '', failedSteps = '0'] = process.argv.slice(2)
const results = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
const passed = results?.numPassedTests ?? 0
const skipped = (results?.numPendingTests ?? 0) + (results?.numTodoTests ?? 0)
// A step that failed without a failed test (types, lint, a crash) counts as one.
const failed = Math.max(results?.numFailedTests ?? 0, Number(failedSteps), passed === 0 ? 1 : 0)
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed > 0 ? 1 : 0
