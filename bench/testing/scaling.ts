import type { Shape } from './guest-shape.ts'
import { Side } from './turns.ts'
import type { WorkName } from './works.ts'

/** Milliseconds that bring the code to speed, where others keep the compiler waiting, and that are measured. */
const WARM_UP = 200
const ROUND = 60
/** How often an audit is made for that: it is much code, of which each part is seldom come to. */
const AUDITS = 5
const LPIS = 57344

/** What is measured of each size. */
export const measures = ['MAPD + MAPTI', 'MSI', 'MOVI', 'save', 'restore', 'audit'] as const
export type Measure = (typeof measures)[number]

/** One thing that grows while everything else of the guest stays. */
export interface Curve {
  readonly title: string
  /** What is along the axis. */
  readonly axis: string
  readonly sizes: readonly number[]
  readonly shape: (size: number) => Shape
  /** True when the guest has as many events as that, or as many for each. */
  readonly growsEvents: boolean
}

const powers = (from: number, to: number, step = 1) =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, n) => 2 ** (from + n * step))
/** Up to 32 events a device. */
const events = (n: number, stride: number): Shape => ({
  devices: Math.ceil(n / 32),
  events: Math.min(n, 32),
  bits: 5 + Math.log2(stride),
  eventStride: stride,
})

export const curves = {
  devices: {
    title: 'Devices of one event',
    axis: 'devices',
    sizes: powers(4, 16, 2),
    shape: (devices) => ({ devices, events: 1, bits: 1 }),
    growsEvents: true,
  },
  'sparse devices': {
    title: 'the same, DeviceIDs as far apart as they can be',
    axis: 'devices',
    sizes: powers(4, 14, 2),
    shape: (devices) => ({ devices, events: 1, bits: 1, deviceStride: 65536 / devices }),
    growsEvents: true,
  },
  events: {
    title: 'Events, 32 a device',
    axis: 'events',
    sizes: powers(4, 20, 2),
    shape: (n) => events(n, 1),
    growsEvents: true,
  },
  'sparse events': {
    title: 'the same, every 64th EventID',
    axis: 'events',
    sizes: powers(4, 20, 2),
    shape: (n) => events(n, 64),
    growsEvents: true,
  },
  'ITT entries': {
    title: 'ITT, of 1024 devices with one event at its end',
    axis: 'entries of each ITT',
    sizes: powers(1, 16, 3),
    shape: (entries) => ({ devices: 1024, events: 1, bits: Math.log2(entries) }),
    growsEvents: false,
  },
  regions: {
    title: 'Regions of guest RAM, 1024 devices of 32 events',
    axis: 'regions',
    sizes: powers(0, 6),
    shape: (regions) => ({ devices: 1024, events: 32, bits: 5, regions }),
    growsEvents: false,
  },
  vCPUs: {
    title: 'vCPUs, 1024 devices of 32 events',
    axis: 'vCPUs',
    sizes: powers(0, 9),
    shape: (vcpus) => ({ devices: 1024, events: 32, bits: 5, vcpus }),
    growsEvents: false,
  },
} as const satisfies Record<string, Curve>
export type CurveName = keyof typeof curves
export const curveNames = Object.keys(curves) as CurveName[]

/** Nanoseconds for each mapped event, at each size; null where more events are mapped than there are LPIs, which an audit finds. */
export type Points = Readonly<Record<Measure, readonly (number | null)[]>>

/** Measures one size, in a process of its own: what another has left in memory is not to be seen. */
export async function measureShape(shape: Shape): Promise<Record<Measure, number | null>> {
  const events = shape.devices * shape.events
  const side = new Side({ subject: 'vits', shape })
  const least = async (work: WorkName, operations = 1, times = 1): Promise<number> => {
    const rounds = [await side.round(work, WARM_UP, times), await side.round(work, ROUND, times)]
    return Math.min(...rounds.map((round) => round.least)) * operations
  }
  try {
    return {
      'MAPD + MAPTI': await least('map', (shape.devices + events) / events),
      MSI: await least('msi'),
      MOVI: await least('movi'),
      save: await least('save', 1 / events),
      restore: await least('restore', 1 / events),
      audit: events > LPIS ? null : await least('audit', 1 / events, AUDITS),
    }
  } finally {
    await side.end()
  }
}

/** The exponent of total time by size, by regression of logarithms; `from`: of the sizes from there on. */
export function exponent({ sizes, growsEvents }: Curve, figures: readonly (number | null)[], from = 0): number {
  const points = figures.flatMap((figure, n) =>
    figure === null || n < from ? [] : [[Math.log(sizes[n]!), Math.log(figure)] as const],
  )
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length
  const [x, y] = [mean(([size]) => size), mean(([, time]) => time)]
  const slope = mean(([size, time]) => (size - x) * (time - y)) / mean(([size]) => (size - x) ** 2)
  return slope + (growsEvents ? 1 : 0)
}
