import { environmentPrefix, environmentVariable } from './option.ts'
import { optionOfFlag } from './options.ts'
import { suggestion } from './suggestion.ts'

/** The environment variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The texts of the options that the environment sets, by flag. */
export function readEnvironment(environment: Environment): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const option of optionOfFlag.values()) {
    const text = environment[environmentVariable(option)]
    if (text !== undefined) texts.set(option.flag, text)
  }
  return texts
}

/**
 * Variables that look like a misspelt option. Others with the prefix are left alone: Kubernetes sets
 * `TENCENT_CERT_SYNC_SERVICE_HOST`, `TENCENT_CERT_SYNC_PORT` and so on for a Service named tencent-cert-sync.
 */
export function misspeltVariables(environment: Environment): string[] {
  const known = new Set([...optionOfFlag.values()].map(environmentVariable))
  return Object.keys(environment)
    .filter((name) => name.startsWith(environmentPrefix) && !known.has(name) && !serviceLink.test(name))
    .flatMap((name) => {
      const rest = name.slice(environmentPrefix.length)
      const meant = suggestion(
        rest,
        [...known].map((one) => one.slice(environmentPrefix.length)),
      )
      return meant === undefined ? [] : [`${name}: not known, did you mean ${environmentPrefix}${meant}?`]
    })
}

const serviceLink = /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$/
