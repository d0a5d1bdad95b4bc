import type { StatusSlice } from '../step.ts'

/** The part of a slice that differs from what the Secret says now; undefined when nothing does (I5). */
export function statusPatch(
  annotations: Readonly<Record<string, string>>,
  slice: StatusSlice,
): Record<string, string | null> | undefined {
  const entries = Object.entries(slice).filter(([key, value]) => {
    const current = Object.hasOwn(annotations, key) ? annotations[key] : undefined
    return (value ?? undefined) !== current
  })
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}
