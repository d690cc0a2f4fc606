import { type EventName, events, type GuestEvent } from './events.ts'
import { guestFiles } from './host-image.ts'
import type { GuestHardware } from './machines.ts'
import type { NestedHost } from './nested-host.ts'
import { hostKernel } from './parts.ts'
import { Qmp } from './qmp.ts'
import { Shell } from './shell.ts'

/** Where the host keeps the save that is made. */
export const SAVE = '/tmp/save'

const BOOT_SECONDS = 900
const SAVE_SECONDS = 200
/** A guest lets a slot's power light blink for five seconds before it lets the device go. */
const UNPLUG_SECONDS = 60
const DISKS = 8

/** The driver of the ITS says which event and LPI an interrupt has; nothing else is printed. */
const WORDS =
  'console=ttyAMA0 quiet loglevel=0 nokaslr mitigations=off audit=0 apparmor=0 security=none init_on_alloc=0 rodata=off ' +
  'cryptomgr.notests rcupdate.rcu_expedited=1 nosoftlockup lpj=100000 cma=0 log_buf_len=1M ' +
  'dyndbg=\\"file drivers/irqchip/irq-gic-v3-its.c +p\\"'

/** A guest of the nested host: QEMU with KVM, a shell in it, and the LPIs that KVM has for it. */
export class Guest {
  readonly #host: NestedHost
  #machine: GuestHardware
  readonly #qmp: Qmp
  readonly #shell: Shell
  readonly #pid: number

  private constructor(host: NestedHost, machine: GuestHardware, running: { qmp: Qmp; pid: number }) {
    this.#host = host
    this.#machine = machine
    this.#qmp = running.qmp
    this.#pid = running.pid
    this.#shell = new Shell(host.port('guest'))
  }

  /** Boots a machine and waits for its shell. @throws Error with what QEMU or the guest's kernel said last. */
  static async boot(host: NestedHost, machine: GuestHardware): Promise<Guest> {
    const guest = new Guest(host, machine, await start(host, machine, ''))
    await guest.run('true', BOOT_SECONDS)
    return guest
  }

  /** Restores a save of the host's into a fresh QEMU, and leaves it stopped. @throws RestoreRefused when QEMU gives up. */
  static async restore(host: NestedHost, machine: GuestHardware, save = SAVE): Promise<Guest> {
    const guest = new Guest(host, machine, await start(host, machine, `-incoming "exec:cat ${save}"`))
    for (const end = performance.now() + SAVE_SECONDS * 1000; performance.now() < end; ) {
      if (await isGone(host, guest.#pid)) throw whyGone(await lastWords(host))
      const status = await guest.#qmp.execute<{ status: string }>('query-status', {}, 5).catch(() => undefined)
      if (status !== undefined && status.status !== 'inmigrate') return guest
    }
    throw new Error(`the restore took more than ${SAVE_SECONDS} s: ${await lastWords(host)}`)
  }

  /** The machine as it is now: what was unplugged is no part of it. */
  get machine(): GuestHardware {
    return this.#machine
  }

  /** Runs lines of shell in the guest. */
  async run(lines: string, seconds?: number): Promise<string> {
    try {
      return await this.#shell.must(lines, seconds)
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : error}; ${await lastWords(this.#host)}`)
    }
  }

  /** Runs a command of QEMU's own. @throws QmpError when QEMU refuses it. */
  execute<T = unknown>(command: string, args?: Readonly<Record<string, unknown>>, seconds?: number): Promise<T> {
    return this.#qmp.execute(command, args, seconds)
  }

  /** Lets an event happen. */
  async happen(name: EventName): Promise<void> {
    const event: GuestEvent = events[name]
    if ('shell' in event) await this.run(event.shell, event.seconds)
    else if (event.act === 'reboot') await this.#reboot()
    else if (event.act === 'unplug') await this.#unplug()
  }

  /** The LPIs that KVM has for this guest now, each with the vCPU it goes to. */
  async lpis(): Promise<Map<number, number>> {
    return this.#lpisWith('[01]')
  }

  /** Those of them that are pending, each on its vCPU. */
  async pendingLpis(): Promise<Map<number, number>> {
    return this.#lpisWith('1')
  }

  /** KVM prints of each its vCPU and seven flags: the first is whether it is pending. */
  async #lpisWith(pending: string): Promise<Map<number, number>> {
    const state = await this.#host.shell.must(`cat /sys/kernel/debug/kvm/${this.#pid}-*/vgic-state`)
    const lines = state.matchAll(new RegExp(`^\\s*LPI\\s+(\\d+)\\s+(-?\\d+) ${pending}[01]{6} `, 'gm'))
    return new Map([...lines].map(([, lpi, vcpu]) => [Number(lpi), Number(vcpu)]))
  }

  /** Stops the guest and saves it to the host's file. */
  async save(): Promise<void> {
    await this.#qmp.execute('stop')
    await this.#qmp.execute('migrate-set-parameters', { 'max-bandwidth': 1e11 })
    await this.#qmp.execute('migrate', { uri: `exec:cat >${SAVE}` })
    for (const end = performance.now() + SAVE_SECONDS * 1000; performance.now() < end; ) {
      const { status } = await this.#qmp.execute<{ status?: string }>('query-migrate')
      if (status === 'completed' && (await this.#hasFinishedMigration())) return
      if (status === 'failed') throw new Error(`the save failed: ${await lastWords(this.#host)}`)
    }
    throw new Error(`the save took more than ${SAVE_SECONDS} s`)
  }

  /** QEMU refuses to let a guest go on before, though the migration is said to be completed. */
  async #hasFinishedMigration(): Promise<boolean> {
    const { status } = await this.#qmp.execute<{ status: string }>('query-status')
    return status !== 'finish-migrate'
  }

  async goOn(): Promise<void> {
    await this.#qmp.execute('cont')
  }

  /** Ends its QEMU. */
  async end(): Promise<void> {
    await endQemu(this.#host)
  }

  /** What is sent while the machine resets is lost, so the guest is asked until another kernel answers. */
  async #reboot(): Promise<void> {
    const bootId = 'cat /proc/sys/kernel/random/boot_id'
    const before = await this.run(bootId)
    this.#host.port('guest').send('reboot -f\n')
    for (const end = performance.now() + BOOT_SECONDS * 1000; performance.now() < end; ) {
      const after = await this.#shell.must(bootId, 10).catch(() => '')
      if (after !== '' && !after.endsWith(before)) return
    }
    throw new Error(`the guest did not reboot: ${await lastWords(this.#host)}`)
  }

  async #unplug(): Promise<void> {
    const { unplugs, name, options } = this.#machine
    if (unplugs === undefined) throw new Error(`nothing can be unplugged from ${name}`)
    await this.#qmp.execute('device_del', { id: unplugs.id })
    for (let waited = 0; waited < UNPLUG_SECONDS; waited++) {
      const devices = await this.#qmp.execute<readonly { name: string }[]>('qom-list', { path: '/machine/peripheral' })
      if (devices.every((device) => device.name !== unplugs.id)) {
        this.#machine = { ...this.#machine, options: options.filter((option) => option !== unplugs.option) }
        return
      }
      await this.run('sleep 1')
    }
    throw new Error(`the guest did not let go of ${unplugs.id}`)
  }
}

/** A real KVM would not restore the tables of an ITS. */
export class RestoreRefused extends Error {
  override readonly name = 'RestoreRefused'
}

/** QEMU aborts with these words when KVM_DEV_ARM_ITS_RESTORE_TABLES fails; all else that ends it is no word of KVM's. */
const TABLES_REFUSED = /KVM_SET_DEVICE_ATTR failed: Group 4 attr 0x0*2:/

const whyGone = (words: string) => (TABLES_REFUSED.test(words) ? new RestoreRefused(words) : new Error(`QEMU ended: ${words}`))

async function start(host: NestedHost, machine: GuestHardware, more: string): Promise<{ qmp: Qmp; pid: number }> {
  await endQemu(host)
  const kernel = machine.kernel ?? hostKernel
  const options = [
    `-M ${machine.machine},gic-version=3 -cpu host -accel kvm -smp ${machine.vcpus} -m ${machine.memory}`,
    `-nodefaults -no-user-config -display none -serial file:/tmp/console`,
    `-kernel ${guestFiles.kernel(kernel)} -initrd ${guestFiles.initramfs(kernel)} -append "${WORDS} ${machine.words ?? ''}"`,
    '-chardev pipe,id=qmp,path=/dev/qmp -mon chardev=qmp,mode=control',
    '-chardev pipe,id=shell,path=/dev/guest -device virtio-serial-device -device virtserialport,chardev=shell,name=shell',
    ...machine.options,
    more,
  ].join(' ')
  for (const name of ['qmp', 'guest'] as const) host.port(name).drain()
  const disks = `n=1; while [ $n -le ${DISKS} ]; do truncate -s 8M /tmp/disk$n; n=$((n+1)); done`
  const output = await host.shell.must(
    `${disks}\nchroot /${machine.qemu ?? 'bookworm'} qemu-system-aarch64 ${options} >/tmp/qemu.out 2>&1 &\necho $!`,
  )
  const pid = Number(output.trim())
  try {
    return { qmp: await Qmp.open(host.port('qmp')), pid }
  } catch (error) {
    throw (await isGone(host, pid)) ? whyGone(await lastWords(host)) : error
  }
}

/** True when a process has ended, also while nobody has asked how. */
const isGone = async (host: NestedHost, pid: number) =>
  (await host.shell.run(`grep -q '^State:[[:space:]]*[^Z]' /proc/${pid}/status`)).status !== 0

/** What QEMU and the guest's kernel printed last. */
async function lastWords(host: NestedHost): Promise<string> {
  const { output } = await host.shell.run('tail -c 600 /tmp/qemu.out; tail -c 600 /tmp/console')
  return output.trim()
}

async function endQemu(host: NestedHost): Promise<void> {
  await host.shell.run('killall -9 qemu-system-aarch64; while killall -0 qemu-system-aarch64; do sleep 0.1; done')
}
