import { type ProfileId, profileOfKernel, profiles } from '@vits/core/abi'
import { runSeedTest, SEED_BASE, type SeedCase, type SeedFlow, type SeedReport, type TimedAnswer } from '@vits/core/conformance'
import { profileNearest } from '../options/profile-named.ts'
import { jsonText } from '../printable.ts'
import { fit } from '../render/layout.ts'
import type { Style } from '../style.ts'
import type { selftest } from '../usage/selftest.ts'
import type { Run } from '../usage.ts'

/** The kernel selftest of the ITS tables, on the model. */
export const run: Run<typeof selftest> = async (
  _,
  { sameCollection, clear, tables, flow, kernel, save, head, json },
  { out, err, hostKernel, style, now },
) => {
  const { id } =
    kernel === undefined ? profiles[profileOfKernel(SEED_BASE)!.profile] : profileNearest(kernel, { err, hostKernel })
  const heads = head === 'kernel' ? {} : { head }
  const report = runSeedTest({ flow, sameCollection, clear, l2Tables: tables, kernel: id, save, now, ...heads })
  const asked = { kernel: id, flow, sameCollection, clear, save, head }
  if (json) out(jsonText({ schema: 1, ...asked, ...report }))
  else {
    const named = kernel === undefined ? `${SEED_BASE} as ${id}` : id
    const heading = `${named}, flow ${flow}, ${report.devices} devices with ITTs of 64 KiB; save ${save}, head ${head}\n\n`
    const verdict = `\n${report.passed ? style.good('PASS') : style.bad('FAIL')}\n`
    out(fit(heading + toText(report, style) + notes(report, { kernel: id, flow }) + verdict, style))
  }
  return report.passed ? 0 : 1
}

const toText = ({ cases }: SeedReport, style: Style): string =>
  `${columns('case', 'events', 'save ms', 'restore ms', 'entries read', 'lost', 'wrong')}\n${cases.map((one) => row(one, style)).join('')}`

function row(one: SeedCase, style: Style): string {
  const { title, mapped, save, reset, restore, lost = '', wrong = '', passed } = one
  const read = restore === undefined ? ['', ''] : [milliseconds(restore), restore.entries]
  const failures = failure('save', save) + failure('reset', reset) + failure('restore', restore)
  return `${columns(title, mapped, milliseconds(save), ...read, lost, wrong)}  ${passed ? style.good('PASS') : style.bad('FAIL')}${failures}\n`
}

const WIDTHS = [8, 10, 12, 14, 8, 8]

const columns = (title: string, ...cells: readonly (string | number)[]) =>
  title.padEnd(30) + cells.map((cell, i) => String(cell).padStart(WIDTHS[i]!)).join('')

const milliseconds = ({ ms }: TimedAnswer) => ms.toFixed(2)

function failure(call: string, answer: TimedAnswer | undefined): string {
  if (answer?.errno === undefined) return ''
  const { what, deviceId, eventId } = answer.where ?? {}
  const place = [what, deviceId !== undefined && `device ${deviceId}`, eventId !== undefined && `event ${eventId}`]
  const at = place.filter(Boolean).join(' ')
  return `  ${call}: ${answer.errno}${at === '' ? '' : ` at ${at}`}`
}

/** What a reader who knows the posted program would ask. */
function notes({ cases, passed }: SeedReport, { kernel, flow }: { readonly kernel: ProfileId; readonly flow: SeedFlow }): string {
  const last = cases.at(-1)!
  if (last.reset?.errno !== undefined) return `\n${kernel} has no CTRL_RESET: the posted program ends there.\n`
  if (last.restore === undefined) return '\nThe posted program ends at a save that fails.\n'
  if (passed || flow === 'v4' || profiles[kernel].quirks['keeps-unmapped']) return ''
  return `\n${kernel} clears the entries of what a guest unmaps, after a save too: flow v1 leaves nothing to restore. See --flow v4.\n`
}
