import { describe, expect, it } from 'vitest'
import { helpText } from './help.ts'
import { environmentVariable, groups, type Option } from './option.ts'
import { options, optionsTable } from './options.ts'

const all = Object.values<Option<unknown>>(options)

describe('the table of options', () => {
  it.each(all)('reads its own default and example: $flag', (option) => {
    expect(option.parse(option.example)).toHaveProperty('value')
    if (option.default !== undefined) expect(option.parse(option.default)).toHaveProperty('value')
  })

  it.each(all)('refuses an empty value: $flag', (option) => {
    expect(option.parse('')).toHaveProperty('expected')
  })

  it.each(all)('says what holds without it: $flag', (option) => {
    const ways = [option.default, option.otherwise, option.required].filter((way) => way !== undefined)
    expect(ways).toHaveLength(1)
  })

  it('has each flag once', () => {
    expect(new Set(all.map(({ flag }) => flag)).size).toBe(all.length)
  })

  it('has no variable that Kubernetes sets for a Service of the same name', () => {
    for (const name of all.map(environmentVariable)) expect(name).not.toMatch(/_SERVICE_|_PORT(_|$)/)
  })

  it('has a row for every option', () => {
    const rows = optionsTable()
    expect(rows).toHaveLength(all.length)
    expect(rows).toContainEqual({
      flag: '--upload-slots 1..10',
      environment: 'TENCENT_CERT_SYNC_UPLOAD_SLOTS',
      group: 'Throughput',
      required: false,
      default: '10',
      example: '10',
      help: expect.any(String),
    })
    expect(rows.filter(({ required }) => required).map(({ flag }) => flag)).toEqual(['--cluster-name NAME'])
  })
})

describe('--help', () => {
  const text = helpText()

  it('fits 100 columns, without blanks at the ends of lines', () => {
    for (const line of text.split('\n')) {
      expect(line.length).toBeLessThanOrEqual(100)
      expect(line).toBe(line.trimEnd())
    }
  })

  it.each(optionsTable())('shows $flag with its default', ({ flag, default: otherwise }) => {
    expect(text).toContain(`  ${flag} `)
    expect(text.replaceAll(/\s+/g, ' ')).toContain(otherwise)
  })

  it.each([
    ...groups.map((group) => `${group}:`),
    'TENCENTCLOUD_SECRET_ID',
    'TENCENTCLOUD_SECRET_KEY',
    'TENCENTCLOUD_SESSION_TOKEN',
    'TENCENT_CERT_SYNC_UPLOAD_SLOTS',
    'Examples:',
    'Exit codes:',
    '--help',
    '--version',
  ])('tells about %s', (word) => {
    expect(text).toContain(word)
  })
})
