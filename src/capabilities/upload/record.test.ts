import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createMaterial, type TestChain, type TestMaterial } from '../../../test/heart/material.ts'
import { observedOf, uploadedStatus, userAnnotations } from '../../../test/heart/observed.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { findGone } from '../../ledger/testing/find-gone.ts'
import { remoteCertificate } from '../../ledger/testing/remote-certificate.ts'
import { recall } from './record.ts'
import { chainViewOf, ledgerWith, now } from './testing/upload-view.ts'

const id = 'id-1'

let material: TestMaterial
let ledger: Ledger

beforeAll(async () => {
  material = await createMaterial()
})

/** A Secret whose status names the id, or took it back. */
function viewOf(chain: TestChain, { isNamed }: { readonly isNamed: boolean }) {
  const status = isNamed ? uploadedStatus(chain, id) : {}
  return chainViewOf(observedOf(chain, { ...userAnnotations(), ...status }), { ledger })
}

describe('an id that was called gone', () => {
  beforeEach(() => {
    ledger = ledgerWith(material.first, id, {}, 0)
    findGone(ledger, id, now.elapsed)
  })

  it('is missing as long as it is gone, whether the status still names it or not', () => {
    const memory = recall(viewOf(material.first, { isNamed: true }), {})
    expect(memory.missing).toBe(id)
    expect(recall(viewOf(material.first, { isNamed: false }), memory).missing).toBe(id)
  })

  describe('and that the service names again', () => {
    beforeEach(() => {
      ledger.learnNamed(id, 'web/site', now.elapsed)
      expect(ledger.isGone(id)).toBe(false)
    })

    it('is still missing for a Secret whose status took it back', () => {
      expect(recall(viewOf(material.first, { isNamed: false }), { missing: id }).missing).toBe(id)
    })

    it('is missing no more once a lookup shows it', () => {
      ledger.learnListed(remoteCertificate(id), now.elapsed + 1)
      expect(recall(viewOf(material.first, { isNamed: false }), { missing: id }).missing).toBeUndefined()
    })

    it('is not missing for a Secret whose status names it, nor for another certificate', () => {
      expect(recall(viewOf(material.first, { isNamed: true }), { missing: id }).missing).toBeUndefined()
      expect(recall(viewOf(material.second, { isNamed: false }), { missing: id }).missing).toBeUndefined()
    })
  })
})
