// Closes a run of continuous integration: "N passed, N failed, N skipped", and exits 1 unless all is well.
// Usage: count-tests.mjs FAILED_STEPS STEPS_NOT_RUN RESULTS... Plain JavaScript: it must speak even where the
// installation failed.
import { existsSync, readFileSync } from 'node:fs'

const [failedSteps = '0', stepsNotRun = '0', ...files] = process.argv.slice(2)
const runs = files.filter((file) => existsSync(file)).map(resultsIn)
const sum = (name) => runs.reduce((total, run) => total + (run[name] ?? 0), 0)
const passed = sum('numPassedTests')
// A step that was not run counts as one.
const skipped = sum('numPendingTests') + sum('numTodoTests') + Number(stepsNotRun)
// A step that failed without a failed test (types, lint, a crash) counts as one.
const failed = Math.max(sum('numFailedTests'), Number(failedSteps), passed === 0 ? 1 : 0)
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed > 0 ? 1 : 0

/** What a file tells; one that its writer did not finish stands for a failed test. */
function resultsIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    console.error(`${file} cannot be read, its run counts as failed: ${error.message}`)
    return { numFailedTests: 1 }
  }
}
