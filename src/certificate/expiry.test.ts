import { describe, expect, it } from 'vitest'
import { bundle, createAuthority } from '../../test/fixtures/certificates.ts'
import { expiryOf } from './expiry.ts'
import { readMaterial } from './read-material.ts'

const chain = { notAfter: 20, notAfters: [10, 20, 30] }

describe('expiryOf', () => {
  it('is the end of the server certificate, whatever ends before or after it', () => {
    expect([0, 15, 25, 99].map((now) => expiryOf(chain, 'SVR', now))).toEqual([20, 20, 20, 20])
  })

  it('is the end of the earliest CA certificate that is still valid', () => {
    expect([0, 10, 11, 20, 21, 30].map((now) => expiryOf(chain, 'CA', now))).toEqual([10, 10, 20, 20, 30, 30])
  })

  it('is the end of the last CA certificate when all have expired', () => {
    expect(expiryOf(chain, 'CA', 31)).toBe(30)
  })

  it('does not depend on the order of a bundle', async () => {
    const ends = [3, 1, 2].map((year) => new Date(Date.UTC(2030 + year, 0, 1)))
    const notBefore = new Date(Date.UTC(2025, 0, 1))
    const certificates = await Promise.all(
      ends.map((notAfter, index) => createAuthority({ name: `CA ${index}`, notBefore, notAfter })),
    )
    const data = { 'ca.crt': Buffer.from(bundle(...certificates)) }
    const read = readMaterial({ type: 'CA', data }).chain
    if (read === undefined) throw new Error('no chain')
    expect(read.notAfters).toEqual(ends.map(Number).sort())
    expect(expiryOf(read, 'CA', Date.UTC(2031, 5, 1))).toBe(Date.UTC(2032, 0, 1))
  })
})
