/**
 * Reads a time as the service writes it: `2024-11-06 08:00:00` without a zone is GMT+8; some records have RFC 3339.
 * @returns ms since the epoch, or undefined where the text did not parse
 */
export function parseServiceDate(text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined
  const parts = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?$/.exec(text.trim())
  if (parts === null) return undefined
  const [, date, time, , zone = '+08:00'] = parts
  const ms = Date.parse(`${date}T${time}${zone}`)
  return Number.isNaN(ms) ? undefined : ms
}
