import { describe, expect, test } from 'vitest'
import errorCodes from './api/error-codes.json' with { type: 'json' }
import { type Field, facts } from './facts.ts'
import { isObject, isOfType } from './parameters.ts'
import { profileNames } from './profile.ts'
import { startSimulator } from './server.ts'
import { call, codeOf, credentials } from './testing/call.ts'
import { testLeaf, testRoot, uploadOf } from './testing/material.ts'
import { namedTraits, traitsNames } from './traits.ts'

/** A value of each declared type, and one that is not. */
const samples: Readonly<Record<string, { readonly right: unknown; readonly wrong: unknown }>> = {
  string: { right: 'text', wrong: 1 },
  bool: { right: true, wrong: 'true' },
  int64: { right: -1, wrong: '1' },
  uint64: { right: 1, wrong: -1 },
  Tags: { right: { TagKey: 'a', TagValue: 'b' }, wrong: 'a=b' },
}

function sampleOf(type: string) {
  const sample = samples[type.replace('[]', '')]
  if (sample === undefined) throw new Error(`No sample of ${type}.`)
  return type.endsWith('[]') ? { right: [sample.right], wrong: [sample.wrong] } : sample
}

/** Parameters with which the action succeeds, for the walk to vary. */
async function properParameters(action: string): Promise<Record<string, unknown>> {
  const leaf = await testLeaf()
  switch (action) {
    case 'UploadCertificate':
      return { ...uploadOf(leaf, await testRoot()), CertificateType: 'SVR' }
    case 'CheckCertificateExist':
      return { CertificatePublicKey: leaf.certificatePem }
    default:
      return {}
  }
}

const actions = Object.entries(facts.actions)
const inputs = actions.flatMap(([action, { input }]) => input.map((field) => ({ action, ...field })))

test('three actions are served, with every parameter that the API declares', () => {
  expect(actions.map(([name, { input }]) => [name, input.length])).toEqual([
    ['UploadCertificate', 9],
    ['DescribeCertificates', 18],
    ['CheckCertificateExist', 1],
  ])
})

test('the list of error codes is the one of UploadCertificate, each named once', () => {
  expect(errorCodes).toEqual(facts.actions['UploadCertificate']?.errors)
  expect(new Set(errorCodes).size).toBe(29)
})

describe('parameters', () => {
  test.each(inputs)(
    '$action $name: $type is accepted, another type and a wrong list are not',
    async (field) => {
      await using simulator = await startSimulator({ credentials: [credentials], rateLimit: 1000 })
      const proper = await properParameters(field.action)
      const { right, wrong } = sampleOf(field.type)
      const code = (value: unknown) =>
        codeOf(call(simulator.url, field.action, { ...proper, [field.name]: value }))
      expect(await code(proper[field.name] ?? right)).toBe('Success')
      expect(await code(wrong)).toBe('InvalidParameter')
      expect(await code(field.type.endsWith('[]') ? 'no list' : [right])).toBe('InvalidParameter')
      // A key is required of type SVR, which is what these parameters ask for.
      const required = field.required || field.name === 'CertificatePrivateKey'
      expect(await code(undefined)).toBe(required ? 'MissingParameter' : 'Success')
    },
  )

  test('the international site knows those and only those that are not marked', async () => {
    await using simulator = await startSimulator({
      credentials: [credentials],
      profile: 'international-strict',
      rateLimit: 1000,
    })
    for (const field of inputs.filter(({ action }) => !facts.actions[action]?.chinaOnly)) {
      const proper = await properParameters(field.action)
      const value = proper[field.name] ?? sampleOf(field.type).right
      const code = await codeOf(call(simulator.url, field.action, { ...proper, [field.name]: value }))
      expect(code, field.name).toBe(field.chinaOnly ? 'UnknownParameter' : 'Success')
    }
  })
})

describe('answers', () => {
  test.each(traitsNames)('with the trait %s: every declared field is there with its type', async (name) => {
    await using simulator = await startSimulator({ credentials: [credentials], traits: namedTraits[name] })
    const root = await testRoot()
    const tags = [{ TagKey: 'cert-sync/cluster', TagValue: 'test' }]
    simulator.addCertificate({ certificate: root.certificatePem, type: 'CA', tags })
    const { output } = facts.actions['DescribeCertificates'] ?? { output: [] }
    checkObject(await call(simulator.url, 'DescribeCertificates', {}), output, false, name)
  })

  test.each(profileNames)(
    '%s: every declared field is there with its type, and no other',
    async (profile) => {
      const international = profile === 'international-strict'
      await using simulator = await startSimulator({ credentials: [credentials], profile, rateLimit: 1000 })
      const root = await testRoot()
      simulator.addCertificate({
        certificate: root.certificatePem,
        type: 'CA',
        tags: [{ TagKey: 'a', TagValue: 'b' }],
      })
      for (const [action, { output, chinaOnly }] of actions) {
        if (international && chinaOnly) continue
        const answer = await call(simulator.url, action, await properParameters(action))
        checkObject(answer, output, international, action)
        if (action === 'DescribeCertificates') expect(answer['TotalCount']).toBe(2)
      }
    },
  )
})

function checkObject(value: unknown, declared: readonly Field[], international: boolean, path: string): void {
  const fields = declared.filter((field) => !(international && field.chinaOnly))
  const object = isObject(value) ? value : {}
  expect(Object.keys(object).toSorted(), path).toEqual(fields.map((field) => field.name).toSorted())
  for (const field of fields) checkValue(object[field.name], field, international, `${path}.${field.name}`)
}

/** Lists may be null in the field whatever their declaration says. */
function checkValue(value: unknown, field: Field, international: boolean, path: string): void {
  const { type, nullable } = field
  if (value === null && (nullable || type.endsWith('[]'))) return
  if (type.endsWith('[]')) {
    expect(Array.isArray(value), path).toBe(true)
    for (const each of Array.isArray(value) ? value : []) {
      checkValue(each, { name: field.name, type: type.slice(0, -2) }, international, path)
    }
    return
  }
  const structure = facts.types[type]
  if (structure !== undefined) checkObject(value, structure, international, path)
  else expect(isOfType(value, type), `${path}: ${type}`).toBe(true)
}
