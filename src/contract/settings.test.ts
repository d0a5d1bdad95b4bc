import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { userAnnotations } from '../../test/heart/observed.ts'
import { userKeys } from './annotation-keys.ts'
import { readSettings } from './settings.ts'

type Given = Partial<Record<keyof typeof userKeys, string>>

const read = (given: Given) => readSettings(userAnnotations(given))

describe('without annotations', () => {
  it('nothing is asked for and nothing is wrong', () => {
    expect(readSettings({})).toEqual({
      upload: 'absent',
      paused: false,
      type: 'SVR',
      repeatable: false,
      projectId: undefined,
      alias: '{namespace}/{name}',
      use: undefined,
      tags: [],
      requestedAt: undefined,
      problems: [],
      leftOut: [],
    })
  })

  it('inherited properties of an object are no annotations', () => {
    const inherited = Object.create(userAnnotations({ upload: 'true' })) as Record<string, string>
    expect(readSettings(inherited).upload).toBe('absent')
  })
})

describe('a value that parses', () => {
  it.each<[string, Given, object]>([
    ['upload "true"', { upload: 'true' }, { upload: 'yes' }],
    ['upload "false"', { upload: 'false' }, { upload: 'no' }],
    ['blanks around a value', { upload: ' true\n' }, { upload: 'yes' }],
    ['paused', { paused: 'true' }, { paused: true }],
    ['not paused', { paused: 'false' }, { paused: false }],
    ['a CA', { certificateType: 'CA' }, { type: 'CA' }],
    ['a server', { certificateType: 'SVR' }, { type: 'SVR' }],
    ['repeatable', { repeatable: 'true' }, { repeatable: true }],
    ['not repeatable', { repeatable: 'false' }, { repeatable: false }],
    ['a project', { projectId: '1234567' }, { projectId: 1234567 }],
    ['the project zero', { projectId: '0' }, { projectId: 0 }],
    ['an alias', { alias: 'shop {domain}' }, { alias: 'shop {domain}' }],
    ['a use', { certificateUse: 'CLB' }, { use: 'CLB' }],
    ['tags', { tags: 'team=shop, tier = gold ,' }, { tags: tagsOf(['team', 'shop'], ['tier', 'gold']) }],
    ['an empty tag value', { tags: 'team=' }, { tags: tagsOf(['team', '']) }],
    ['an equals sign in a tag value', { tags: 'a=b=c' }, { tags: tagsOf(['a', 'b=c']) }],
    ['no tags in blanks and commas', { tags: ' , ,' }, { tags: [] }],
    ['a request', { requestedAt: '2026-01-01T00:00:00Z' }, { requestedAt: '2026-01-01T00:00:00Z' }],
    ['an empty request is none', { requestedAt: ' ' }, { requestedAt: undefined }],
  ])('%s is taken', (_, given, wanted) => {
    expect(read(given)).toMatchObject({ ...wanted, problems: [], leftOut: [] })
  })
})

describe('a value that does not parse', () => {
  it.each<[keyof typeof userKeys, string]>([
    ['upload', 'yes'],
    ['upload', ''],
    ['upload', 'TRUE'],
    ['paused', '1'],
    ['certificateType', 'svr'],
    ['certificateType', 'constructor'],
    ['repeatable', 'no'],
    ['projectId', '-1'],
    ['projectId', '1.5'],
    ['projectId', '0x10'],
    ['projectId', '9'.repeat(16)],
    ['projectId', ''],
  ])('of %s is a problem that names the key and the value: %j', (key, value) => {
    const { problems } = read({ [key]: value })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(userKeys[key])
    expect(problems[0]).toContain(JSON.stringify(value))
  })

  it('of upload is neither yes nor no', () => {
    expect(read({ upload: 'yes' }).upload).toBe('invalid')
  })

  it('is named with all the others', () => {
    expect(read({ upload: 'maybe', repeatable: 'x', projectId: 'y' }).problems).toHaveLength(3)
  })
})

describe('a cosmetic value that is unusable is left out and named, and is no problem', () => {
  it.each<[string, Given, string]>([
    ['an empty alias', { alias: ' ' }, 'alias'],
    ['an alias with a control character', { alias: 'a\u0007b' }, 'alias'],
    ['an alias with an unknown placeholder', { alias: '{cluster}' }, '{cluster}'],
    ['an endless alias', { alias: '{name}'.repeat(1000) }, 'alias'],
    ['an empty use', { certificateUse: '' }, 'certificate-use'],
    ['a use with a quote', { certificateUse: "CLB'" }, 'certificate-use'],
    ['a long use', { certificateUse: 'A'.repeat(65) }, 'certificate-use'],
    ['a tag without a value', { tags: 'team' }, '"team"'],
    ['a tag without a key', { tags: '=shop' }, 'tag ""'],
    ['a tag that is there twice', { tags: 'a=1,a=2' }, 'twice'],
    ['a tag with a control character', { tags: 'a=\u0000' }, 'control'],
    ['a long tag key', { tags: `${'k'.repeat(128)}=v` }, '127'],
    ['a long tag value', { tags: `k=${'v'.repeat(256)}` }, '255'],
    ['an ownership tag', { tags: 'cert-sync/secret=web/other' }, 'ownership'],
    ['another word under the prefix of ownership', { tags: 'cert-sync/x=y' }, 'ownership'],
    ['a reserved tag', { tags: 'qcloud:a=b' }, 'reserved'],
    ['a reserved tag in capitals', { tags: 'Tencent=b' }, 'reserved'],
    ['the reserved word project', { tags: 'project=b' }, 'reserved'],
    ['the reserved prefix qcs:', { tags: 'qcs:a=b' }, 'reserved'],
  ])('%s', (_, given, named) => {
    const { problems, leftOut } = read(given)
    expect(problems).toEqual([])
    expect(leftOut.join()).toContain(named)
  })

  it('and the good tags beside it stay', () => {
    expect(read({ tags: 'project=x,team=shop' }).tags).toEqual(tagsOf(['team', 'shop']))
  })

  it('and the default alias takes the place of a bad one', () => {
    expect(read({ alias: '{cluster}' }).alias).toBe('{namespace}/{name}')
  })
})

describe('a request that is too long to be echoed', () => {
  const long = 'x'.repeat(65)

  it('is known by a short text', () => {
    expect(read({ requestedAt: long }).requestedAt?.length).toBeLessThanOrEqual(64)
  })

  it('still differs from another one', () => {
    expect(read({ requestedAt: `${long}1` }).requestedAt).not.toBe(
      read({ requestedAt: `${long}2` }).requestedAt,
    )
  })
})

describe('any text', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constantFrom('true', 'false', 'CA', '{name}', 'a=b', '=', ',', '{'),
    fc.array(fc.string({ maxLength: 20 }), { maxLength: 200 }).map((it) => it.join(',')),
  )
  const annotations = fc.dictionary(
    fc.oneof(fc.constantFrom(...Object.values(userKeys)), fc.constantFrom('__proto__', 'constructor')),
    text,
  )

  it('is an answer of bounded size, with a word on everything that was not taken', () => {
    fc.assert(
      fc.property(annotations, (given) => {
        const settings = readSettings(given)
        expect(settings.problems.length).toBeLessThanOrEqual(5)
        expect(settings.leftOut.length).toBeLessThanOrEqual(10)
        expect(settings.alias.length).toBeLessThanOrEqual(500)
        for (const said of [...settings.problems, ...settings.leftOut]) {
          expect(said.length).toBeLessThanOrEqual(400)
        }
        expect(settings.requestedAt?.length ?? 0).toBeLessThanOrEqual(64)
        expect(new Set(settings.tags.map((it) => it.key)).size).toBe(settings.tags.length)
      }),
    )
  })

  it('of 256 KiB with tags without end gives 47, which with ours are as many as may be, and names the rest', () => {
    const many = Array.from({ length: 42_000 }, (_, index) => `k${index}=`).join(',')
    const { tags, leftOut } = read({ tags: many })
    expect(tags).toEqual(tagsOf(...Array.from({ length: 47 }, (_, index) => [`k${index}`, ''] as const)))
    expect(leftOut).toEqual([
      ...[47, 48, 49, 50, 51].map((index) => `tag "k${index}" (there are more than 47 tags)`),
      '148 more tags',
      'all tags after the first 200 entries',
    ])
    expect(read({ tags: '=,'.repeat(100_000) }).leftOut).toHaveLength(7)
    expect(read({ tags: many.split(',').slice(0, 47).join() }).leftOut).toEqual([])
  })

  it.each([
    'k=v,',
    '=,',
    ',',
    ' ',
    '=',
    'k',
    '{',
    '{name}',
    '{}',
    'qcloud',
    '\u00e9',
    '\ud800',
    '0123456789abcdef ',
  ])('of 256 KiB of %j is read at once', (unit) => {
    const text = unit.repeat(262_144 / unit.length)
    const given = Object.fromEntries(Object.keys(userKeys).map((key) => [key, text]))
    const before = process.cpuUsage()
    const { leftOut, problems } = read(given)
    const { user } = process.cpuUsage(before)
    // Two milliseconds on an idle machine.
    expect(user / 1_000).toBeLessThan(100)
    expect([...leftOut, ...problems].join().length).toBeLessThan(3_000)
  })

  it('of 256 KiB in every annotation is read at once', () => {
    const endless = 'k=v,'.repeat(65_536)
    const start = performance.now()
    read({ tags: endless, alias: endless, requestedAt: endless, certificateUse: endless, projectId: endless })
    expect(performance.now() - start).toBeLessThan(2_000)
  })
})

function tagsOf(...pairs: readonly (readonly [string, string])[]) {
  return pairs.map(([key, value]) => ({ key, value }))
}
