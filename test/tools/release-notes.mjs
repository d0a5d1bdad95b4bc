// Prints what CHANGELOG.md says of a version, for its release, and exits 1 where that is nothing.
// Usage: release-notes.mjs VERSION [FILE]. Plain JavaScript: any Node runs it, without an installation.
import { readFileSync } from 'node:fs'

const [version = '', file = new URL('../../CHANGELOG.md', import.meta.url)] = process.argv.slice(2)
const [, ...sections] = readFileSync(file, 'utf8').split(/^## /m)
const section = sections.find((each) => each.startsWith(`[${version}]`) || /^\S+/.exec(each)?.[0] === version)
const notes = section?.slice(section.indexOf('\n')).trim() ?? ''
if (/^\s*[-*] \S/m.test(notes)) console.log(notes)
else {
  console.error(
    `CHANGELOG.md says nothing of ${version}: give what is under [Unreleased] the heading ## [${version}]`,
  )
  process.exitCode = 1
}
