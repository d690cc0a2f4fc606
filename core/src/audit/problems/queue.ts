import { problem } from './problem.ts'

export const queueProblems = {
  Q601: problem<{ readonly pending: number }>({
    slug: 'commands-pending',
    usually: 'note',
    describe: ({ pending }) =>
      `${pending} commands were written and not executed; the restored ITS runs them when it is enabled.`,
    fix: 'none needed',
    help: {
      what: 'GITS_CREADR and GITS_CWRITER differ: the guest wrote commands that the ITS has not run yet.',
      why: 'The VM was saved while the ITS was disabled, or by a VMM that stopped between the two.',
      when: 'When GITS_CTLR is restored with Enabled set.',
      outcome: 'The commands run then, on the restored tables. What they map is not part of this report.',
      fix: 'None needed.',
      see: 'Arm IHI 0069, "The ITS command interface"',
    },
  }),
  Q602: problem<{ readonly base: number; readonly bytes: number }>({
    slug: 'queue-outside-ram',
    usually: 'latent',
    describe: ({ base, bytes }) => `The command queue, ${bytes} bytes at 0x${base.toString(16)}, is not all in guest RAM.`,
    fix: 'give the VM the memory it was saved with',
    help: {
      what: 'GITS_CBASER points at an address where the restored VM has no RAM.',
      why: 'The VM is restored with less memory or another memory layout, or the register is damaged.',
      when: 'At the first command after the restore.',
      outcome:
        'The restore succeeds, and every command of the guest is skipped: no interrupt can be mapped, moved or freed any more.',
      fix: 'Start the VM with the memory it was saved with.',
      see: 'vgic-its.c, vgic_its_process_commands',
    },
  }),
  Q603: problem<{ readonly state: keyof typeof histories; readonly commands: number }>({
    slug: 'history-incomplete',
    usually: 'note',
    describe: ({ state, commands }) =>
      `${histories[state]}: ${commands} executed commands are left to tell what the guest has mapped.`,
    fix: 'none needed',
    help: {
      what: 'The command queue in guest RAM does not hold every command the guest ever sent its ITS.',
      why: 'The ring has gone round, the guest began again at its start (as after a suspend) or clears commands that were executed, or the pages are lost.',
      when: 'Always on a VM that has been up for long: Linux keeps the last 2,048 commands.',
      outcome: 'Nothing for the restore. Fewer mappings can be proven: what no witness names is called unknown, never an orphan.',
      fix: 'None needed. The MSI-X state of the PCI devices, where the file has it, names the live events too.',
      see: 'ARCHITECTURE.md, "Witnesses"',
    },
  }),
  Q604: problem<{ readonly unknown: number }>({
    slug: 'unknown-commands',
    usually: 'note',
    describe: ({ unknown }) => `${unknown} executed slots of the command queue hold no command that is known.`,
    fix: 'none needed',
    help: {
      what: 'Words in the executed part of the queue that are no command of the GIC architecture.',
      why: 'Pages of the ring were reused or damaged, or the guest wrote them: KVM skips such commands.',
      when: 'Never again: they are behind CREADR.',
      outcome: 'Nothing for the restore. The queue cannot prove anything then, since it may be damaged.',
      fix: 'None needed.',
      see: 'Arm IHI 0069, "ITS commands"',
    },
  }),
  Q605: problem<{ readonly disputed: number; readonly first: string }>({
    slug: 'witnesses-disagree',
    usually: 'note',
    describe: ({ disputed, first }) =>
      `The witnesses disagree about ${disputed} mappings, first ${first}; nothing is called proven.`,
    fix: 'none: look at both, then decide',
    blocks: { what: 'history', because: 'the witnesses disagree' },
    help: {
      what: 'The command queue says that an event is mapped and the MSI state of its PCI function says it is not, or the reverse.',
      why: 'The VM was saved between the two steps in which a driver sets up an interrupt, one witness is damaged, or the guest is no Linux.',
      when: 'Only this report is concerned.',
      outcome: 'Nothing for the restore by itself. No finding of this file is proven, and no repair that needs proof is made.',
      fix: 'Look at the mappings with `vits show`, and at the device in the guest if it still runs.',
      see: 'ARCHITECTURE.md, "Witnesses"',
    },
  }),
} as const

const histories = {
  wrapped: 'The command queue has gone round',
  restarted: 'The command queue goes on behind CWRITER, or does not explain what KVM saved',
  damaged: 'Executed slots of the command queue hold no command, and it is not believed',
  empty: 'The ITS has executed no command',
  unreadable: 'The command queue cannot be read',
} as const
