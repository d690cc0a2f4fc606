import { choice, flag, text, whole } from '../options/option.ts'
import { usage } from '../usage.ts'

const details = `The ITS tables selftest of November 2024, vgic_its_tables, on the model and through its ioctls. In five cases on the same
RAM a guest maps events, the tables are saved, everything is unmapped, the tables are restored, and six events of every device are asked
for by MSI, also after a restore that failed. It was posted twice. With the dummy head (v1) the guest unmaps by DISCARD, MAPD and MAPC;
with the series that clears entries (v4) the VMM calls CTRL_RESET.
A kernel that clears an entry when its guest unmaps it has nothing left to restore in v1: try those with v4.
As posted, on a kernel that leaves entries: EINVAL without options, lost and wrong mappings with -s, a pass with -c. Heads and
--save seal make it pass too.
Exit status 0 when every case passes, 1 otherwise, and so on the default kernel without -c, heads or a sealed save.`

/** The kernel selftest of the ITS tables, on the model. */
export const selftest = usage({
  name: 'selftest',
  args: '',
  summary: 'save, unmap or reset, and restore the tables of a large guest, and count lost and wrong mappings',
  details,
  examples: [
    'selftest',
    'selftest -s',
    'selftest -c',
    'selftest --head proposed',
    'selftest --flow v4 --kernel linux-6.12.117',
    'selftest heads',
  ],
  options: {
    sameCollection: flag('-s, --same-collection', 'one collection for all cases: EINVAL becomes corruption'),
    clear: flag('-c, --clear', 'clear the tables before each case'),
    tables: whole('-n, --tables <count>', 'second-level device tables, 8192 devices each', { initial: 4, least: 1, most: 7 }),
    flow: choice('--flow <flow>', 'unmap (v1) or reset (v4) between save and restore', ['v1', 'v4']),
    kernel: text('--kernel <kernel>', 'the kernel to behave like (without: the one that it was posted on)'),
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
