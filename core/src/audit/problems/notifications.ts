import { problem } from './problem.ts'

/** A queue whose driver is owed an interrupt. */
export interface OwedQueue {
  /** `the disk at 00:02.0`. */
  readonly function: string
  /** `request queue 0`. */
  readonly queue: string
  /** How far the device is past what the driver asked to be told of. */
  readonly ahead: number
  readonly lpi: number
  readonly vcpuId: number
}

export const notificationProblems = {
  N801: problem<OwedQueue & { readonly isProven: boolean }>({
    slug: 'lost-interrupt',
    usually: 'corrupts',
    describe: ({ function: name, queue, ahead, lpi, vcpuId, isProven }) =>
      isProven
        ? `The interrupt of ${queue} of ${name} was lost: its device is ${ahead} past what the driver waits for, and LPI ${lpi} is not pending on vCPU ${vcpuId}.`
        : `The interrupt of ${queue} of ${name} may be lost: its device is ${ahead} past what the driver waits for, and LPI ${lpi} is not pending on vCPU ${vcpuId}.`,
    fix: 'set the pending bit of the LPI',
    remedies: ['fix'],
    harm: (queues) => `the guest waits for ${queues === 1 ? 'an interrupt that was' : `${queues} interrupts that were`} lost`,
    beyondRestore: true,
    hang: 'missed',
    help: {
      what: 'A virtio device has used buffers of which the driver asked to be told, and the interrupt that tells it is not pending.',
      why: 'The VMM saved the pending tables before its devices had finished their requests (QEMU drains its disks after it has asked KVM for the tables), saved devices after the GIC (Firecracker to 1.14), or lost pages that KVM wrote.',
      when: 'At once after the restore, unless another buffer of the same queue comes to be used.',
      outcome:
        'The driver waits for ever: a disk that never answers, a network interface that is silent. Nothing is wrong with the tables, and nothing is logged.',
      fix: 'Set the bit of the LPI in the pending table of its vCPU: the restore delivers it, and the driver takes out what is there. An interrupt too many does no harm. For good: let the VMM stop and drain its devices first, then save the pending tables.',
      see: 'Virtual I/O Device 1.3, "Used Buffer Notification Suppression"; QEMU do_vm_stop; vgic_v3_save_pending_tables',
    },
  }),
  N802: problem<OwedQueue>({
    slug: 'handler-at-work',
    usually: 'note',
    describe: ({ function: name, queue, lpi, vcpuId }) =>
      `Whether the interrupt of ${queue} of ${name} was lost is not known: vCPU ${vcpuId} was in a handler, perhaps in this one, and LPI ${lpi} is not pending.`,
    fix: 'set the pending bit of the LPI, if that queue hangs',
    remedies: ['fix'],
    beyondRestore: true,
    hang: 'missed',
    help: {
      what: 'A virtio device has used buffers of which the driver asked to be told, its interrupt is not pending, and the vCPU to which it goes was handling an interrupt, of whatever device.',
      why: 'Mostly the handler was at work when the VM was stopped, as under load: it has taken the interrupt and not yet all buffers. An interrupt that was lost looks the same.',
      when: 'After the restore the handler goes on where it was; if there was none, the driver waits.',
      outcome: 'Nothing as a rule. If the queue hangs after the restore, this was it.',
      fix: 'None needed as a rule. vits repair --fix N802 sets the bit: an interrupt too many does no harm.',
      see: 'Virtual I/O Device 1.3, "Used Buffer Notification Suppression"',
    },
  }),
  N803: problem<{ readonly function: string; readonly isTold: boolean }>({
    slug: 'saved-after-gic',
    usually: 'note',
    describe: ({ function: name, isTold }) =>
      `${name[0]!.toUpperCase()}${name.slice(1)} was saved after the GIC: an interrupt that it raised in between is in no file. ${isTold ? 'Its rings show that none was lost.' : 'Whether one was lost its rings do not tell.'}`,
    fix: 'none: save with a VMM that saves its devices first (Firecracker 1.15 or later)',
    help: {
      what: 'A disk of the asynchronous engine (io_uring) finishes the requests that are under way when its state is saved, and the VMM had saved the pending interrupts before.',
      why: 'Firecracker up to 1.14 saved vCPUs and GIC first and its devices then (issue 5554, mended by commit 67ba7a206).',
      when: 'At the save, if requests were under way.',
      outcome:
        'The rings in RAM tell of requests that are done, and no interrupt tells the driver: it waits for ever. Where the rings show it, that is N801.',
      fix: 'None here. Firecracker 1.15 saves its devices first; the engine Sync has nothing under way.',
      see: 'github.com/firecracker-microvm/firecracker, issue 5554, pull request 5582',
    },
  }),
} as const
