import { type Fate, type Rehearsal, type RehearsalReport, rehearseVlpis } from '@vits/core/conformance'
import { jsonText } from '../printable.ts'
import { fit } from '../render/layout.ts'
import type { Style } from '../style.ts'
import type { selftestVlpi } from '../usage/selftest-vlpi.ts'
import type { Run } from '../usage.ts'

/** Columns of the name of a way. */
const WAY = 32

/** Whether pending interrupts that GICv4 hardware holds survive a migration. */
export const run: Run<typeof selftestVlpi> = async (_, { vcpus, lpis, software, sgis, seed, json }, { out, style, now }) => {
  const report = rehearseVlpis({ vcpus, direct: lpis, software, sgis, seed, now })
  out(json ? jsonText({ schema: 1, ...report }) : fit(toText(report, style), style))
  return report.passed ? 0 : 1
}

function toText(report: RehearsalReport, style: Style): string {
  const { vcpus, direct, software, pending, pendingInHardware, pendingSgis, rehearsals } = report
  const withSgis = pendingSgis > 0
  const lpis = `${vcpus} vCPUs, ${direct} LPIs delivered by hardware, ${software} by software; ${pending} pending, ${pendingInHardware} of them in hardware`
  const head = `${lpis}${withSgis ? `; ${pendingSgis} SGIs pending` : ''}\n`
  const sgis = withSgis ? right('SGIs', 'lost', 'stale') : ''
  const columns = `\n${'way'.padEnd(WAY)}${'save'.padEnd(8)}${'runs on'.padEnd(10)}${right('arrived', 'lost', 'stale')}${sgis}\n`
  const rows = rehearsals.map((rehearsal) => row(rehearsal, withSgis, style)).join('')
  const times = rehearsals.map(({ title, steps }) => `\n${style.bold(title)}\n${steps.map(step).join('')}`).join('')
  const verdict = report.passed ? style.good('PASS') : style.bad('FAIL')
  return `${head}${columns}${rows}${times}\n${verdict}\n`
}

function row({ title, happened, expected, asExpected }: Rehearsal, withSgis: boolean, style: Style): string {
  const verdict = asExpected ? style.good('as it must') : style.bad(`expected ${inWords(expected)}`)
  const { save, runsOn, arrived, lost, stale, sgis } = happened
  const ofSgis = withSgis ? right(sgis.arrived, sgis.lost, sgis.stale) : ''
  return `${title.padEnd(WAY)}${save.padEnd(8)}${runsOn.padEnd(10)}${right(arrived, lost, stale)}${ofSgis}  ${verdict}\n`
}

const right = (...cells: readonly (string | number)[]) => cells.map((cell) => String(cell).padStart(8)).join('')

const inWords = ({ save, runsOn, arrived, lost, stale, sgis }: Fate) =>
  `${save}, ${runsOn}, ${arrived} arrived, ${lost} lost, ${stale} stale; SGIs: ${sgis.arrived}, ${sgis.lost}, ${sgis.stale}`

const step = ({ step: name, ms }: RehearsalReport['rehearsals'][number]['steps'][number]) =>
  `  ${name.padEnd(30)}${ms.toFixed(2).padStart(8)} ms\n`
