import { NEWEST } from '@vits/core/abi'
import { runSeedTest, type SeedCase, type TimedAnswer } from '@vits/core/conformance'
import { profileNamed } from '../profile-named.ts'
import type { Style } from '../style.ts'
import type { selftest } from '../usage/selftest.ts'
import type { Run } from '../usage.ts'

/** The kernel selftest of the ITS tables, on the model. */
export const run: Run<typeof selftest> = async (
  _,
  { sameCollection, clear, tables, kernel, save, head, json },
  { out, err, style, now },
) => {
  const { id } = profileNamed(kernel ?? NEWEST, { err })
  const heads = head === 'kernel' ? {} : { head }
  const report = runSeedTest({ sameCollection, clear, l2Tables: tables, kernel: id, save, now, ...heads })
  if (json) out(`${JSON.stringify({ schema: 1, kernel: id, sameCollection, clear, save, head, ...report }, null, 2)}\n`)
  else {
    out(`${id}, ${report.devices} devices with ITTs of 8192 events; save ${save}, head ${head}\n\n`)
    out(`${columns('case', 'events', 'save ms', 'restore ms', 'lost', 'wrong')}\n`)
    for (const one of report.cases) out(row(one, style))
    out(`\n${report.passed ? style.good('PASS') : style.bad('FAIL')}\n`)
  }
  return report.passed ? 0 : 1
}

function row(one: SeedCase, style: Style): string {
  const { title, mapped, save, restore, lost, wrong, passed } = one
  const cells = columns(title, mapped, milliseconds(save), restore === undefined ? '' : milliseconds(restore), lost, wrong)
  return `${cells}  ${passed ? style.good('PASS') : style.bad('FAIL')}${failure('save', save)}${failure('restore', restore)}\n`
}

const columns = (title: string, ...cells: readonly (string | number)[]) =>
  title.padEnd(30) + cells.map((cell) => String(cell).padStart(12)).join('')

const milliseconds = ({ ms }: TimedAnswer) => ms.toFixed(2)

function failure(call: string, answer: TimedAnswer | undefined): string {
  if (answer?.errno === undefined) return ''
  const { what, deviceId, eventId } = answer.where ?? {}
  const place = [what, deviceId !== undefined && `device ${deviceId}`, eventId !== undefined && `event ${eventId}`]
  return `  ${call}: ${answer.errno} at ${place.filter(Boolean).join(' ')}`
}
