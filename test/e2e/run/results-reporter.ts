import { JsonReporter } from 'vitest/node'

/** Where the results go: a variable, since a reporter named on the command line takes no options. */
export const resultsVariable = 'E2E_RESULTS'

/** vitest's JSON results, in a file of their own: those of the other projects stay as they are. */
export default class ResultsReporter extends JsonReporter {
  constructor() {
    super({ outputFile: process.env[resultsVariable] ?? '' })
  }
}
