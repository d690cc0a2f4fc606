import { NEWEST } from '@vits/core/abi'
import { runSeedTest, type SeedCase, type TimedAnswer } from '@vits/core/conformance'
import { choice, command, flag, text, whole } from '../command.ts'
import { profileNamed } from '../profile-named.ts'
import type { Style } from '../style.ts'

const details =
  'The tables selftest posted with the dummy head in November 2024: a guest maps events, the tables are saved, the ITS is reset and ' +
  'restored, and six events of every device are asked for by MSI. Five cases, one after the other on the same RAM. On a kernel that ' +
  'leaves unmapped entries (linux-6.6) it ends in EINVAL, with -s in lost and wrong mappings; -c, --save seal and heads make it ' +
  'pass. Exit status 0 when every case passes, 1 otherwise.'

/** The kernel selftest of the ITS tables, on the model. */
export const selftest = command({
  name: 'selftest',
  args: '',
  summary: 'save, reset and restore the tables of a large guest, and count lost and wrong mappings',
  details,
  examples: [
    'selftest',
    'selftest --kernel linux-6.6',
    'selftest --kernel linux-6.6 -s',
    'selftest --kernel linux-6.6 --save seal',
  ],
  options: {
    sameCollection: flag('-s, --same-collection', 'one collection for all cases: EINVAL becomes corruption'),
    clear: flag('-c, --clear', 'clear the tables before each case'),
    tables: whole('-n, --tables <count>', 'second-level device tables, 8192 devices each', { initial: 4, least: 1, most: 7 }),
    kernel: text('--kernel <kernel>', `the kernel to behave like (default: ${NEWEST})`),
    save: choice('--save <kind>', "the kernel's save, or one that leaves no stale entry", ['plain', 'seal']),
    head: choice('--head <kind>', "whose dummy heads to write and follow (default: the kernel's way)", [
      'kernel',
      'none',
      'proposed',
      'ours',
    ]),
    json: flag('--json', 'print one JSON document'),
  },
  run: async (_, { sameCollection, clear, tables, kernel, save, head, json }, { out, err, style, now }) => {
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
  },
})

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
