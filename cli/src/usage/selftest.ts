import { choice, flag, text, whole } from '../option.ts'
import { usage } from '../usage.ts'

const details =
  'The tables selftest posted with the dummy head in November 2024: a guest maps events, the tables are saved, the ITS is reset and ' +
  'restored, and six events of every device are asked for by MSI. Five cases, one after the other on the same RAM. On a kernel that ' +
  'leaves unmapped entries (linux-6.6) it ends in EINVAL, with -s in lost and wrong mappings; -c, --save seal and heads make it ' +
  'pass. Exit status 0 when every case passes, 1 otherwise.'

/** The kernel selftest of the ITS tables, on the model. */
export const selftest = usage({
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
    kernel: text('--kernel <kernel>', 'the kernel to behave like (without: the newest that is known)'),
    save: choice('--save <kind>', "the kernel's save, or one that leaves no stale entry", ['plain', 'seal']),
    head: choice('--head <kind>', "whose dummy heads to write and follow (default: the kernel's way)", [
      'kernel',
      'none',
      'proposed',
      'ours',
    ]),
    json: flag('--json', 'print one JSON document'),
  },
})
