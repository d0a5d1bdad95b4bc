import { beforeEach, describe, expect, it } from 'vitest'
import { Certificates } from './certificates.ts'
import type { Entry } from './entry.ts'
import { plainUpload } from './testing/plain-upload.ts'

const most = 20_000

let claims: number
let dropped: string[]
let certificates: Certificates

beforeEach(() => {
  claims = 0
  dropped = []
  certificates = new Certificates({ claims: () => claims, onDrop: (id) => dropped.push(id) })
})

const known = (): Entry[] => [...certificates.all]
/** How many of so many chains are held by an id. */
const held = (chains: number) =>
  Array.from({ length: chains }, (_, i) => certificates.idsOf(`chain-${i}`)).filter((ids) => ids.length > 0)
    .length

describe('what is known of certificates', () => {
  it('is bounded whatever ids are looked up to no avail, or found to hold a chain', () => {
    for (let i = 0; i < most + 100; i += 1) certificates.entryOf(`absent-${i}`)
    for (let i = 0; i < most + 100; i += 1)
      certificates.setChain(certificates.entryOf(`id-${i}`), `chain-${i}`)
    expect([known().length, held(most + 100)]).toEqual([most, most])
    expect(dropped).toHaveLength(most + 200)
  })

  it('has room for what statuses name, which is not dropped, and shrinks with the claims', () => {
    for (claims = 0; claims < most + 100; claims += 1) {
      certificates.entryOf(`id-${claims}`).claimants.add(`web/${claims}`)
    }
    certificates.entryOf('other')
    expect(known()).toHaveLength(most + 101)
    for (const { claimants } of known()) claimants.clear()
    claims = 0
    certificates.entryOf('new')
    expect(known()).toHaveLength(most)
  })

  it('does not grow with chains of one leaf, nor with what is gone', () => {
    const entry = certificates.entryOf('id-1')
    certificates.setChain(entry, 'chain-0')
    for (let round = 0; round < 3; round += 1) {
      for (let i = 0; i < 100; i += 1) certificates.addUpload(entry, `chain-${i}`, plainUpload)
      expect(held(100)).toBeLessThanOrEqual(17)
      expect(certificates.idsOf('chain-0')).toEqual(['id-1'])
      certificates.end(entry)
      expect(held(100)).toBe(1)
    }
  })
})
