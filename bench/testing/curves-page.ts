import { readFileSync } from 'node:fs'
import { type Panel, plot } from './plot.ts'
import { type Curve, type CurveName, curveNames, curves, exponent, measures, type Points } from './scaling.ts'

export interface CurveTable {
  readonly machine: string
  readonly curves: Readonly<Record<CurveName, Points>>
}

export const curvesPlace = new URL('../curves.json', import.meta.url)
const accepted = (): CurveTable => JSON.parse(readFileSync(curvesPlace, 'utf8')) as CurveTable
export const acceptedCurves = (): CurveTable['curves'] => accepted().curves

/** One line for each measure. */
export function curvesJson(table: CurveTable): string {
  return `${JSON.stringify(table, null, 1).replace(/\[[^[\]]*\]/g, (list) => JSON.stringify(JSON.parse(list)))}\n`
}

/** Which curve is drawn with dashes over which. */
const variants: Partial<Record<CurveName, CurveName>> = { devices: 'sparse devices', events: 'sparse events' }

/** The exponents of the accepted figures, for the README. */
export function curvesMarkdown(): string {
  const { machine, curves: all } = accepted()
  return `\n${machine}\n\n${exponentTable(all)}\n`
}

/** Of each curve: the exponent over all sizes, and that over the upper half of them. */
export function exponentTable(all: CurveTable['curves'], names: readonly CurveName[] = curveNames): string {
  const rows = names.map((name) => {
    const curve: Curve = curves[name]
    const upper = curve.sizes.length >> 1
    const cells = measures.map((measure) => {
      const figures = all[name][measure]
      return `${exponent(curve, figures).toFixed(2)}, ${exponent(curve, figures, upper).toFixed(2)}`
    })
    const [first, last] = [curve.sizes[0]!, curve.sizes.at(-1)!]
    return `| ${name}, 2^${Math.log2(first)} to 2^${Math.log2(last)} | ${cells.join(' | ')} |`
  })
  return `| what grows | ${measures.join(' | ')} |\n| --- |${' ---: |'.repeat(measures.length)}\n${rows.join('\n')}`
}

/** The accepted figures as lines. */
export function curvesPlot(): string {
  const { curves: all } = accepted()
  const isVariant = new Set(Object.values(variants))
  const panels = curveNames
    .filter((name) => !isVariant.has(name))
    .map((name): Panel => {
      const { title, axis }: Curve = curves[name]
      const variant = variants[name]
      const lines = [...linesOf(name, all[name], false), ...(variant === undefined ? [] : linesOf(variant, all[variant], true))]
      return { title, axes: [axis, 'time for each mapped event'], lines }
    })
  return plot(panels, measures, [
    'Time for each mapped event, both axes logarithmic.',
    'MSI and MOVI: time for one, of random events.',
    'Level is linear: one more costs what the others did.',
    'Of ITT entries, regions and vCPUs it says: no cost.',
    'Dashes: DeviceIDs as far apart as they can be, or every 64th EventID.',
    'An audit is of at most 57344 events, one for each LPI.',
  ])
}

function linesOf(name: CurveName, points: Points, isVariant: boolean): Panel['lines'] {
  const { sizes } = curves[name]
  return measures.map((measure) => ({
    name: measure,
    points: points[measure].flatMap((time, n) => (time === null ? [] : [[sizes[n]!, time] as const])),
    isVariant,
  }))
}
