import { limits } from '../options/limits.ts'
import { flag, text } from '../options/option.ts'
import { usage } from '../usage.ts'

/** Plays recorded answers of real KVM against the model. */
export const conform = usage({
  name: 'conform',
  args: '<path...>',
  summary: "play real KVM's recorded answers against the model",
  details:
    'Paths are recordings (.json, as it is or compressed) or folders of them. Each is played under the profile of the kernel that was recorded. ' +
    'Steps that the model cannot play are counted and named. With --order, each RESTORE_TABLES of a recording is also held against ' +
    'the restore sequence that the kernel documents, so that a recording of your VMM tells what its restore gets wrong.',
  examples: [
    'conform fixtures/vectors',
    'conform fixtures/vectors/f_commands.6.12.117.json.zst --kernel linux-7.3',
    'conform --order our-vmm.json',
  ],
  options: {
    kernel: text('--kernel <kernel>', 'play under this kernel instead of the recorded one'),
    order: flag('--order', 'name the restores whose steps are out of order, and what KVM does about it'),
    json: flag('--json', 'print one JSON document'),
    ...limits,
  },
})
