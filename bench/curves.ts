// How does time grow with devices, events, ITTs, regions of RAM and vCPUs? Nanoseconds for each mapped event, the fastest round of each size,
// and the exponents of total time. Usage: npm run bench -- curves [--curve NAME] [--accept]; --accept keeps the figures in curves.json.
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { acceptedCurves, curvesJson, curvesPlace, exponentTable } from './testing/curves-page.ts'
import {
  type Curve,
  type CurveName,
  curveNames,
  curves,
  type Measure,
  measureShape,
  measures,
  type Points,
} from './testing/scaling.ts'

const { values } = parseArgs({ options: { curve: { type: 'string' }, accept: { type: 'boolean', default: false } } })
const chosen = curveNames.filter((name) => values.curve === undefined || name === values.curve)
if (chosen.length === 0) throw new Error(`there is no curve ${values.curve}, only ${curveNames.join(', ')}`)
const all = { ...acceptedCurves() }

for (const name of chosen) all[name] = await measureCurve(name)
console.log(`exponents of total time: over all sizes, over the upper half\n\n${exponentTable(all, chosen)}`)
if (values.accept) {
  const machine = `${cpus()[0]!.model.trim()}, ${cpus().length} cores, Node ${process.versions.node}.`
  writeFileSync(curvesPlace, curvesJson({ machine, curves: all }))
  console.log('\naccepted; npm run docs prints them into bench/README.md and draws bench/curves.svg')
}

async function measureCurve(name: CurveName): Promise<Points> {
  const { title, axis, sizes, shape }: Curve = curves[name]
  console.log(
    `${title}; ns for each mapped event\n\n| ${axis} | ${measures.join(' | ')} |\n| ---: |${' ---: |'.repeat(measures.length)}`,
  )
  const points = Object.fromEntries(measures.map((measure): [Measure, (number | null)[]] => [measure, []])) as Record<
    Measure,
    (number | null)[]
  >
  for (const size of sizes) {
    const figures = await measureShape(shape(size))
    for (const measure of measures)
      points[measure].push(figures[measure] === null ? null : Number(figures[measure].toPrecision(3)))
    console.log(`| 2^${Math.log2(size)} | ${measures.map((measure) => points[measure].at(-1) ?? '').join(' | ')} |`)
  }
  console.log()
  return points
}
