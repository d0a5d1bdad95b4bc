/** The figures of the benchmark by their keys in the JSON; absent where a row was not measured. */
export type Figures = Partial<Record<FigureKey, number>>

export type FigureKey =
  | 'capRatio'
  | 'rejected'
  | 'urgentMs'
  | 'latencyP50Ms'
  | 'latencyP99Ms'
  | 'readyMs'
  | 'settledMs'
  | 'restartUploads'
  | 'restartWrites'
  | 'restartGets'
  | 'peakRssMiB'
  | 'cpuPerSecretMs'
  | 'peakRssAmong20kMiB'
  | 'among100kMiB'
  | 'brownoutGoodput'
  | 'poisonMs'
  | 'inventoryCalls'
  | 'inventoryMs'
  | 'imageMiB'
  | 'imageOwnMiB'
  | 'imageStartMs'

/** Why a figure was not measured, where that is not what was asked for. */
export type NotMeasured = Partial<Record<FigureKey, string>>

interface Target {
  /** What is measured, in words. */
  readonly what: string
  readonly unit: '' | 'ms' | 'MiB'
  /** How much of it is good. A function where it depends on another figure. */
  readonly least?: number
  readonly most?: number | ((figures: Figures) => number | undefined)
}

/** What is aimed at, on an idle machine with two cores. */
export const targets: Readonly<Record<FigureKey, Target>> = {
  capRatio: { what: 'steady uploads a second, over the cap of 10', unit: '', least: 0.95 },
  rejected: { what: 'uploads that the rate limit rejected meanwhile', unit: '', most: 0 },
  urgentMs: { what: 'urgent renewal behind a backlog, beyond the service time', unit: 'ms', most: 1_000 },
  latencyP50Ms: { what: 'Secret written to id readable, idle, median', unit: 'ms', most: 15 },
  latencyP99Ms: { what: 'Secret written to id readable, idle, 99 of 100', unit: 'ms', most: 50 },
  brownoutGoodput: { what: 'two of three calls fail: uploads, over what is possible', unit: '', least: 0.8 },
  poisonMs: { what: 'healthy Secret beside 50 that fail: written to id readable', unit: 'ms', most: 1_500 },
  inventoryCalls: { what: 'first inventory of 10,000 certificates: calls', unit: '', most: 20 },
  inventoryMs: { what: 'first inventory of 10,000 certificates: complete', unit: 'ms', most: 15_000 },
  readyMs: { what: 'restart with everything synced: ready', unit: 'ms', most: 1_000 },
  settledMs: { what: 'restart: all decided again', unit: 'ms', most: 2_000 },
  restartUploads: { what: 'restart: calls of the service', unit: '', most: 0 },
  restartWrites: { what: 'restart: writes to the API server', unit: '', most: 0 },
  restartGets: { what: 'restart: GETs of Secrets', unit: '', most: 1_000 },
  cpuPerSecretMs: { what: 'CPU time of a first sync, per Secret', unit: 'ms', most: 15 },
  peakRssMiB: { what: 'peak resident memory', unit: 'MiB', most: 128 },
  peakRssAmong20kMiB: {
    what: 'peak resident memory among 20,000 other TLS Secrets',
    unit: 'MiB',
    most: ({ peakRssMiB }) => peakRssMiB && peakRssMiB * 1.1,
  },
  among100kMiB: { what: 'peak resident memory among 100,000 other TLS Secrets', unit: 'MiB', most: 128 },
  imageMiB: { what: 'image, unpacked', unit: 'MiB', most: 150 },
  imageOwnMiB: { what: 'image, what is not its base', unit: 'MiB', most: 2 },
  imageStartMs: { what: 'start of a container: ready', unit: 'ms', most: 1_500 },
}

/** The bound of a figure in words, and whether `value` keeps it; undefined where there is nothing to compare with. */
export function judge(
  key: FigureKey,
  figures: Figures,
): { readonly bound: string; readonly met: boolean } | undefined {
  const value = figures[key]
  const { least, most } = targets[key]
  const upper = typeof most === 'function' ? most(figures) : most
  if (value === undefined) return undefined
  if (least !== undefined) return { bound: `≥ ${format(least)}`, met: value >= least }
  return upper === undefined ? undefined : { bound: `≤ ${format(upper)}`, met: value <= upper }
}

/** A figure as people read it: three digits where it is small, whole where it is large. */
export function format(value: number): string {
  return Number.isInteger(value) || value >= 100
    ? Math.round(value).toLocaleString('en')
    : value.toPrecision(3)
}
