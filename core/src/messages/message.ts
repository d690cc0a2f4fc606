/** Who prints a message. */
export const speakers = [
  'QEMU',
  'libvirt',
  'Firecracker',
  'Cloud Hypervisor',
  'crosvm',
  "the guest's kernel",
  "the host's kernel",
] as const
export type Speaker = (typeof speakers)[number]

/**
 * What a message tells of a saved VM. `attribute`: the text names an attribute of a KVM device that was refused. `restore`: a call of the
 * restore was refused, and the text does not say which. `interrupts`: the VM runs and interrupts do not arrive. `stall`: a kernel was busy
 * for too long. `elsewhere`: it is no word of the ITS, and no problem makes it.
 */
export type Tells = 'attribute' | 'restore' | 'interrupts' | 'stall' | 'elsewhere'

/** What to do next. FILE is the saved VM, SOCKET the monitor of a running one. */
export const steps = {
  check: ['vits check FILE', 'which of them it is'],
  acquit: ['vits check FILE', 'whether its interrupts would come back, when the rest is in order'],
  hang: ['vits check --why-hang FILE', 'what would hang this guest after a restore'],
  pages: ['vits pages FILE', 'the RAM that a save writes and a restore reads: what a snapshot tool must keep'],
  lint: ['vits lint TRACE', 'whether the calls of the VMM are in order (vits lint --script prints what makes a trace)'],
  live: ['vits live SOCKET', 'whether a save of the running VM would come back'],
  kernels: ['vits kernels RELEASE', 'how the kernel of the host differs, by what uname -r prints there'],
} as const satisfies Readonly<Record<string, readonly [command: string, why: string]>>

export type Step = keyof typeof steps

/** A message that a VMM or a kernel prints. */
export interface MessageRow {
  readonly by: Speaker
  /** As it is printed, in each of its forms; `<name>` stands for what differs from time to time. */
  readonly says: readonly string[]
  /** Of which versions it is known. */
  readonly versions: string
  readonly means: string
  readonly tells: Tells
  /** It says only that something else was said: in a log that has this too, it is left out. */
  readonly wraps?: true
  readonly next: readonly Step[]
  /** Where it is in the speaker's source. */
  readonly source: string
}

export const message = (row: MessageRow): MessageRow => row
