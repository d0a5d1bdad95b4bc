import { expect, test } from 'vitest'
import { statusKeys } from '../../src/contract/annotation-keys.ts'
import { Board, type Row } from './board.ts'
import type { Member } from './member.ts'

const chain = (digit: string) => `SVR:${digit.repeat(64)}`
const shop: Member = {
  name: 'shop',
  about: 'a Secret',
  annotations: {},
  data: {},
  expected: { phase: 'Synced', chain: chain('a') },
}
const renewed: Member = { ...shop, expected: { phase: 'Synced', chain: chain('b') } }
const broken: Member = { ...shop, expected: { phase: 'Rejected', reason: 'KeyMismatch' } }
const stranger: Member = { ...shop, expected: { phase: 'none', why: 'not opted in' } }

function synced(id: string, chainFingerprint: string): Record<string, string> {
  return {
    [statusKeys.phase]: 'Synced',
    [statusKeys.reason]: 'CertificateUploaded',
    [statusKeys.certificateId]: id,
    [statusKeys.account]: 'default@127.0.0.1:1',
    [statusKeys.fingerprint]: 'c'.repeat(64),
    [statusKeys.chainFingerprint]: chainFingerprint,
  }
}

test('the latency is the time from the write until the outcome is readable, and stays', () => {
  const told: Row[] = []
  const board = new Board([shop], (row) => told.push(row))
  board.writing(shop, 1_000)
  expect(board.rows(1_200)).toMatchObject([{ waiting: true, latencyMs: 200 }])
  expect(board.waiting).toEqual(['shop'])

  board.observed('shop', synced('id000001', chain('a')), 1_350)

  expect(board.rows(9_000)).toMatchObject([{ waiting: false, latencyMs: 350, certificateId: 'id000001' }])
  expect(board.waiting).toEqual([])
  expect(told).toMatchObject([{ name: 'shop', latencyMs: 350 }])
})

test('the status of the certificate before does not settle a renewal', () => {
  const board = new Board([shop])
  board.writing(shop, 0)
  board.observed('shop', synced('id000001', chain('a')), 10)
  board.beginAct()
  board.writing(renewed, 100)
  board.observed('shop', synced('id000001', chain('a')), 110)
  expect(board.rows(150)).toMatchObject([{ waiting: true, fresh: false, certificateId: 'id000001' }])

  board.observed('shop', synced('id000002', chain('b')), 200)

  expect(board.rows(300)).toMatchObject([{ waiting: false, fresh: true, latencyMs: 100 }])
})

test('a rejection counts only with the reason that was promised', () => {
  const board = new Board([broken])
  board.writing(broken, 0)
  const rejected = (reason: string) => ({ [statusKeys.phase]: 'Rejected', [statusKeys.reason]: reason })

  board.observed('shop', rejected('CertificateExpired'), 1)
  expect(board.waiting).toEqual(['shop'])

  board.observed('shop', rejected('KeyMismatch'), 2)
  expect(board.waiting).toEqual([])
})

test('nobody waits for a Secret that is not the business of the operator', () => {
  const board = new Board([stranger])
  board.writing(stranger, 0)

  expect(board.waiting).toEqual([])
  expect(board.rows(5)).toMatchObject([{ aside: 'not opted in', waiting: false }])
})

test('what is to come is shown, but is no member yet', () => {
  const board = new Board([shop])

  expect(board.rows(0)).toMatchObject([{ name: 'shop', toCome: true, waiting: false, fresh: false }])
  expect(board.members).toEqual([])
  expect(board.waiting).toEqual([])
})

test('everything that was ever written is remembered', () => {
  const board = new Board([shop])
  board.writing(shop, 0)
  board.writing(renewed, 1)

  expect(board.written).toEqual([shop, renewed])
  expect(board.members).toEqual([renewed])
})
