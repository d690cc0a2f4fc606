interface NeededOption {
  /** What it is for. */
  readonly why: string
  /** Without it the kernel can be asked all the same, and less is told. */
  readonly spare?: true
}

/** What the agent needs of a kernel, each as `=y`: the agent loads no modules. lab/proposal/kvm.config has these and no other. */
export const neededOptions: Readonly<Record<string, NeededOption>> = {
  VIRTUALIZATION: { why: 'CONFIG_KVM depends on it' },
  KVM: { why: 'the KVM that is asked; its GICv3 and ITS come with it' },
  BLK_DEV_INITRD: { why: 'the agent comes as an initramfs' },
  BINFMT_ELF: { why: 'the agent is an ELF program' },
  DEVTMPFS: { why: '/dev/kvm' },
  FUTEX: { why: 'the agent has threads' },
  EVENTFD: { why: 'KVM depends on it' },
  POSIX_TIMERS: { why: 'a vCPU that says nothing is stopped by a timer' },
  ADVISE_SYSCALLS: { why: 'the RAM of a VM is emptied for the next' },
  HIGH_RES_TIMERS: { why: 'a vCPU is stopped in time', spare: true },
  SHMEM: { why: 'as in every distribution', spare: true },
  MULTIUSER: { why: 'as in every distribution', spare: true },
  TTY: { why: 'the console', spare: true },
  SERIAL_AMBA_PL011: { why: 'the console', spare: true },
  SERIAL_AMBA_PL011_CONSOLE: { why: 'the console, which tells why a kernel does not boot', spare: true },
  PRINTK: { why: 'what the kernel says of its own faults', spare: true },
  BUG: { why: 'a fault is said and ends the machine', spare: true },
}

/** As a list for a person. */
export const optionLines = (): string[] =>
  Object.entries(neededOptions).map(
    ([name, { why, spare }]) => `  CONFIG_${name}=y`.padEnd(38) + why + (spare ? ' (can be spared)' : ''),
  )

/** The options that a configuration has not, or has as modules: those without which nothing can be asked, and the others. */
export function missingOptions(config: ReadonlyMap<string, string>): { readonly needed: string[]; readonly spare: string[] } {
  const missing = Object.entries(neededOptions).filter(([name]) => config.get(name) !== 'y')
  const words = (name: string) => `CONFIG_${name}${config.get(name) === 'm' ? ' (=m, and the agent loads no modules)' : ''}`
  return {
    needed: missing.filter(([, { spare }]) => !spare).map(([name]) => words(name)),
    spare: missing.filter(([, { spare }]) => spare).map(([name]) => words(name)),
  }
}
