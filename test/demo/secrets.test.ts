import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { renewed } from './member.ts'
import { createCast } from './secrets.ts'

const cast = await createCast()
const all = [...cast.characters, ...cast.crowd]

test('there are 34 Secrets, with names and descriptions that fit their columns', () => {
  expect(all).toHaveLength(34)
  expect(new Set(all.map(({ name }) => name)).size).toBe(34)
  for (const { name, about } of all) {
    expect(name.length).toBeLessThanOrEqual(12)
    expect(about.length).toBeLessThanOrEqual(27)
  }
})

test('both kinds of keys are there, an expired certificate, and two Secrets with the same', () => {
  const read = (name: string) => {
    const pem = all.find((it) => it.name === name)?.data['tls.crt'] ?? ''
    return new X509Certificate(pem)
  }

  expect(read('shop-rsa').publicKey.asymmetricKeyType).toBe('rsa')
  expect(read('shop-ecdsa').publicKey.asymmetricKeyType).toBe('ec')
  expect(read('expired').validToDate.getTime()).toBeLessThan(Date.now())
  expect(read('twin-one').fingerprint256).toBe(read('twin-two').fingerprint256)
})

test('every phase is promised to somebody, except Failed', () => {
  const phases = new Set(all.map(({ expected }) => expected.phase))

  expect(phases).toEqual(new Set(['Synced', 'Rejected', 'Pending', 'none']))
})

test('a renewal is another certificate under the same name and annotations', async () => {
  const [before] = cast.crowd
  if (before === undefined) throw new Error('the crowd is empty')
  const after = await renewed(before, cast.authorities)

  expect(after).toMatchObject({ name: before.name, annotations: before.annotations })
  expect(after.chain).not.toBe(before.chain)
})
