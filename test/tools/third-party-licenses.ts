/**
 * Writes dist/THIRD-PARTY-LICENSES.txt: the licences of the packages whose code is in the bundle, which want to go with
 * it. Which those are, the bundler's own record says (dist/bundle.json). Part of npm run build.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

interface Bundle {
  readonly outputs: Readonly<
    Record<string, { readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>> }>
  >
}

const licenseFile = /^(licen[cs]e|copying|notice)(\.(md|txt|markdown))?$/i
const rule = '-'.repeat(100)

const bundle = JSON.parse(readFileSync('dist/bundle.json', 'utf8')) as Bundle
const folders = new Set<string>()
for (const { inputs } of Object.values(bundle.outputs)) {
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]
    if (folder !== undefined && bytesInOutput > 0) folders.add(folder)
  }
}
const notices = [...folders].sort().map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as {
    name: string
    version: string
    license?: string
  }
  const texts = readdirSync(folder)
    .filter((file) => licenseFile.test(file))
    .map((file) => readFileSync(`${folder}/${file}`, 'utf8').trim())
  if (license === undefined && texts.length === 0) throw new Error(`${folder} has no licence`)
  return [`${name} ${version} (${license ?? 'see below'})`, ...texts].join('\n\n')
})
writeFileSync('dist/THIRD-PARTY-LICENSES.txt', `${notices.join(`\n\n${rule}\n\n`)}\n`)
