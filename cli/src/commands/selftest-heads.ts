import { type HeadCost, type HeadCosts, measureHeads } from '@vits/core/conformance'
import { jsonText } from '../printable.ts'
import { fit } from '../render/layout.ts'
import type { Style } from '../style.ts'
import type { selftestHeads } from '../usage/selftest-heads.ts'
import type { Run } from '../usage.ts'

/** What a dummy head saves, beside what was posted. */
export const run: Run<typeof selftestHeads> = async (_, { json }, { out, style, now }) => {
  const report = measureHeads(now)
  out(json ? jsonText({ schema: 1, ...report }) : fit(toText(report, style), style))
  return report.passed ? 0 : 1
}

function toText({ kernel, devices, costs, passed }: HeadCosts, style: Style): string {
  const title = `${kernel}, ${devices} devices, each with one event near the end of its ITT\n\n`
  const most = Math.max(...costs.map(({ entries }) => entries))
  const rows = costs.map((cost) => row(cost, most, style)).join('')
  return `${title}${columns('heads', 'entries read', 'fewer by', 'here ms', 'posted ms', 'posted, ns an entry')}\n${rows}\n${passed ? style.good('PASS') : style.bad('FAIL')}\n`
}

function row({ head, entries, ms, postedMs, passed }: HeadCost, most: number, style: Style): string {
  const posted = postedMs === undefined ? ['', ''] : [postedMs, Math.round((postedMs * 1e6) / entries)]
  const fewer = entries === most ? '' : `${Math.round(most / entries)}x`
  return `${columns(head, entries, fewer, ms.toFixed(2), ...posted)}  ${passed ? style.good('PASS') : style.bad('FAIL')}\n`
}

const columns = (title: string, ...cells: readonly (string | number)[]) =>
  title.padEnd(10) + cells.map((cell, n) => String(cell).padStart(n === 4 ? 21 : 14)).join('')
