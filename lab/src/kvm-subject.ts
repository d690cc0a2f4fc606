import { KVM_VGIC_ADDR_TYPE as ADDRESS, KVM_DEV_ARM_CTRL as CTRL, GITS, KVM_DEV_ARM_VGIC_GRP as GROUP } from '@vits/core/abi'
import {
  type ControlOp,
  type Hex,
  itsRegisterOffset,
  redistributorAttributes,
  type Step,
  type StepAnswer,
  type StepOf,
  type StepOp,
  type Subject,
  savedItsRegisters,
} from '@vits/core/conformance'
import { errnoName, PAGE_BYTES } from '@vits/core/memory'
import { Agent, type Answer, LONGEST_LINE } from './agent.ts'
import { describe, type KvmHost } from './kvm-host.ts'
import type { MachineOptions } from './machine.ts'

/** Attributes of the control group, on the GIC (g) or an ITS (i). */
const CONTROL: Record<ControlOp, readonly ['g' | 'i', number]> = {
  its_ctrl_init: ['i', CTRL.VGIC_CTRL_INIT],
  its_save_tables: ['i', CTRL.ITS_SAVE_TABLES],
  its_restore_tables: ['i', CTRL.ITS_RESTORE_TABLES],
  its_ctrl_reset: ['i', CTRL.ITS_CTRL_RESET],
  gic_ctrl_init: ['g', CTRL.VGIC_CTRL_INIT],
  gic_save_pending_tables: ['g', CTRL.VGIC_SAVE_PENDING_TABLES],
}

/** Where the lab puts the GIC: below all RAM, clear of every ITS. */
const DISTRIBUTOR = 0x8000000
const REDISTRIBUTORS = 0x80a0000

/** Bytes that one line carries: whole commands. */
const CHUNK = Math.floor((LONGEST_LINE - 64) / 64) * 32

/** How long a guest may take to acknowledge one interrupt. */
const RUN_MS = 2000
const KVM_MEM_LOG_DIRTY_PAGES = 1

type Play = { [O in StepOp]: (step: StepOf<O>) => Promise<StepAnswer> | StepAnswer }

const digits = (value: number | bigint | string) => BigInt(value).toString(16)
const prefixed = (data: string): Hex => `0x${data}`
const registerValue = ({ rc, data }: Answer) => (rc < 0 ? rcName(rc) : prefixed(data))
const rcName = (rc: number) => (rc >= 0 ? String(rc) : errnoName(rc))

/** A KVM in the lab, asked the steps of a recording. Steps are sent as they come; nothing waits for an answer but the guest's. */
export class KvmSubject implements Subject {
  readonly host: KvmHost
  readonly #options: MachineOptions
  #agent: Agent
  #rebooting: Promise<void> | undefined
  #logDirty = false
  #lastWords = ''

  private constructor(host: KvmHost, options: MachineOptions, agent: Agent) {
    this.host = host
    this.#options = options
    this.#agent = agent
  }

  /** Boots a kernel and asks it which it is. */
  static async boot(options: MachineOptions): Promise<KvmSubject> {
    const agent = await Agent.boot(options)
    return new KvmSubject(await describe(agent), options, agent)
  }

  /** Boots the kernel anew if it has died; those who ask while it boots wait for the same boot. */
  async revive(): Promise<void> {
    if (!this.#agent.dead) return
    this.#rebooting ??= this.#reboot()
    await this.#rebooting
  }

  /** Powers the machine off. */
  stop(): Promise<void> {
    return this.#agent.stop()
  }

  async #reboot(): Promise<void> {
    this.#lastWords += this.#agent.console
    try {
      this.#agent = await Agent.boot(this.#options)
    } finally {
      this.#rebooting = undefined
    }
  }

  get name(): string {
    return `Linux ${this.host.release}`
  }

  /** What the kernel has said since it booted, and before it died, if it did, where it is heard. */
  get console(): string {
    return this.#lastWords + this.#agent.console
  }

  /** What it said while it booted. */
  get bootConsole(): string {
    return this.#agent.bootConsole
  }

  /** Ends the VM, if a recording left one, and its RAM. */
  async clear(): Promise<void> {
    await this.#must(['del 0'])
  }

  play(step: Step): Promise<StepAnswer> | StepAnswer {
    return (this.#play[step.op] as (step: Step) => Promise<StepAnswer> | StepAnswer)(step)
  }

  readonly #play: Play = {
    create_vm: (step) => this.#create(step),
    destroy_vm: ({ ram_kept }) => this.#must([`del ${ram_kept ? 1 : 0}`]),
    mem_slot: ({ slot, base, size }) => this.#must([this.#slot(slot, base, size)]),
    dirty_log: async ({ slot, base }) => {
      const { rc, data } = await this.#ask(`dirty ${digits(slot)}`)
      if (rc < 0) throw new Error(`slot ${slot} has no dirty log (errno ${-rc}): create_vm with log_dirty keeps one`)
      const pages = data === '' ? [] : data.split(',').map((page) => BigInt(`0x${page}`))
      return { pages: pages.map((page) => prefixed(digits(BigInt(base) + page * BigInt(PAGE_BYTES)))) }
    },
    its_write: (step) => this.#itsWrite(step),
    its_read: async ({ reg, its }) => {
      const { rc, data } = await this.#ask(`get ${itsOf(its)} ${GROUP.ITS_REGS} ${digits(itsRegisterOffset(reg))}`)
      return rc < 0 ? { rc: rcName(rc) } : { rc: rcName(rc), value: prefixed(data) }
    },
    its_regs: async ({ its }) => {
      const lines = savedItsRegisters.map((name) => `get ${itsOf(its)} ${GROUP.ITS_REGS} ${digits(itsRegisterOffset(name))}`)
      const answers = await this.#askAll(lines)
      return { values: Object.fromEntries(savedItsRegisters.map((name, i) => [name, registerValue(answers[i]!)])) }
    },
    redist_write: (step) => this.#redistWrite(step),
    redist_read: (step) => this.#redistRead(step),
    mem_write: ({ gpa, hex, fill, len }) =>
      fill === undefined ? this.#write(gpa, hex ?? '') : this.#must([`f ${digits(gpa)} ${digits(len ?? 0)} ${fill}`]),
    mem_zero: ({ gpa, len }) => this.#must([`z ${digits(gpa)} ${digits(len)}`]),
    mem_dump: async ({ gpa, len }) => {
      const { data } = await this.#ask(`r ${digits(gpa)} ${digits(len)}`)
      const stretches = data === '' ? [] : data.split(',').map((stretch) => stretch.split(':'))
      return { nonzero: Object.fromEntries(stretches.map(([offset, bytes]) => [prefixed(offset!), bytes!])) }
    },
    commands: (step) => this.#commands(step),
    its_ctrl_init: (step) => this.#control(step.op, step.its),
    its_save_tables: (step) => this.#control(step.op, step.its),
    its_restore_tables: (step) => this.#control(step.op, step.its),
    its_ctrl_reset: (step) => this.#control(step.op, step.its),
    gic_ctrl_init: (step) => this.#control(step.op),
    gic_save_pending_tables: (step) => this.#control(step.op),
    gic_ctrl_attr: ({ attr }) => this.#attribute('g', attr),
    its_ctrl_attr: ({ attr, its }) => this.#attribute(itsOf(its), attr),
    signal_msi: async ({ address, devid, eventid, flags }) => {
      const { rc } = await this.#ask(`msi ${digits(address)} ${digits(eventid)} ${digits(devid)} ${digits(flags)}`)
      return { rc: rcName(rc) }
    },
    guest_acknowledged: async ({ cpu }) => {
      const { rc, data } = await this.#ask(`take ${digits(cpu)} ${digits(RUN_MS)}`)
      if (rc < 0) throw new Error(`the guest on vCPU ${cpu} does not say what it acknowledges (errno ${-rc})`)
      return { intids: data === '' ? [] : data.split(',').map((intid) => Number.parseInt(intid, 16)) }
    },
    raw: async ({ line }) => {
      const { rc, data } = await this.#ask(line)
      return data === '' ? { rc: rcName(rc) } : { rc: rcName(rc), data }
    },
    note: () => ({}),
    timing: () => ({}),
    result: () => ({}),
  }

  #ask(line: string): Promise<Answer> {
    return this.#agent.request(line)
  }

  #askAll(lines: readonly string[]): Promise<Answer[]> {
    return Promise.all(lines.map((line) => this.#ask(line)))
  }

  /** Sends lines that belong to the setting and not to what is tested. @throws Error when one fails. */
  async #must(lines: readonly string[]): Promise<StepAnswer> {
    const answers = await this.#askAll(lines)
    const failed = answers.findIndex(({ rc }) => rc < 0)
    if (failed >= 0) throw new Error(`${lines[failed]!.slice(0, 100)}: ${rcName(answers[failed]!.rc)}`)
    return {}
  }

  #slot(slot: number, base: Hex, size: Hex): string {
    const flags = this.#logDirty && BigInt(size) > 0n ? KVM_MEM_LOG_DIRTY_PAGES : 0
    return `mem ${digits(slot)} ${digits(base)} ${digits(size)} ${flags}`
  }

  #create(step: StepOf<'create_vm'>): Promise<StepAnswer> {
    this.#logDirty = step.log_dirty === true
    const itses = step.no_its ? [] : [step.its_base, ...(step.more_its ?? [])]
    return this.#must([
      'new 0',
      ...step.ram.map(({ base, size }, slot) => this.#slot(slot, base, size)),
      ...(step.vcpu_ids?.map((id) => `vcpu ${digits(id)}`) ?? [`vcpus ${digits(step.vcpus)}`]),
      'gic',
      `set g ${GROUP.ADDR} ${ADDRESS.V3_DIST} ${digits(DISTRIBUTOR)}`,
      `set g ${GROUP.ADDR} ${ADDRESS.V3_REDIST} ${digits(REDISTRIBUTORS)}`,
      ...(step.gic_init ? [`set g ${GROUP.CTRL} ${CTRL.VGIC_CTRL_INIT}`] : []),
      ...itses.flatMap((base) => [
        'its',
        `set i ${GROUP.ADDR} ${ADDRESS.ITS} ${digits(base)}`,
        `set i ${GROUP.CTRL} ${CTRL.VGIC_CTRL_INIT}`,
      ]),
    ])
  }

  async #itsWrite({ reg, value, its }: StepOf<'its_write'>): Promise<StepAnswer> {
    const register = `${itsOf(its)} ${GROUP.ITS_REGS} ${digits(itsRegisterOffset(reg))}`
    const [written, read] = await this.#askAll([`set ${register} ${digits(value)}`, `get ${register}`])
    const readback = read!.rc < 0 ? { readback_rc: rcName(read!.rc) } : { readback: registerValue(read!) }
    return { rc: rcName(written!.rc), ...readback }
  }

  /** A 64-bit register of a redistributor is two attributes, as GICR accesses of user space have 32 bits. */
  async #redistWrite({ cpu, reg, value }: StepOf<'redist_write'>): Promise<StepAnswer> {
    const attributes = redistributorAttributes(cpu, reg)
    const half = (n: number) => digits((BigInt(value) >> BigInt(32 * n)) & 0xffffffffn)
    const answers = await this.#askAll(
      attributes.map((attribute, n) => `set g ${GROUP.REDIST_REGS} ${digits(attribute)} ${half(n)}`),
    )
    return { rc: [...new Set(answers.map(({ rc }) => rcName(rc)))].join('/') }
  }

  async #redistRead({ cpu, reg }: StepOf<'redist_read'>): Promise<StepAnswer> {
    const attributes = redistributorAttributes(cpu, reg)
    const answers = await this.#askAll(attributes.map((attribute) => `get g ${GROUP.REDIST_REGS} ${digits(attribute)}`))
    const value = answers.reduce((sum, { data }, half) => sum | (BigInt(`0x${data || '0'}`) << BigInt(32 * half)), 0n)
    return { rc: rcName(answers[0]!.rc), value: prefixed(digits(value)) }
  }

  #write(gpa: Hex, hex: string): Promise<StepAnswer> {
    const lines: string[] = []
    for (let at = 0; at < hex.length; at += 2 * CHUNK) {
      lines.push(`w ${digits(BigInt(gpa) + BigInt(at / 2))} ${hex.slice(at, at + 2 * CHUNK)}`)
    }
    return this.#must(lines)
  }

  async #commands(step: StepOf<'commands'>): Promise<StepAnswer> {
    const device = itsOf(step.its)
    const bytes = step.list.map(({ dw }) => dw.map(littleEndian).join('')).join('')
    const from = BigInt(step.cwriter_before)
    const queued: string[] = []
    for (let at = 0; at < bytes.length; at += 2 * CHUNK) {
      queued.push(`q ${device} ${digits(from + BigInt(at / 2))} ${bytes.slice(at, at + 2 * CHUNK)}`)
    }
    const run = `set ${device} ${GROUP.ITS_REGS} ${digits(GITS.CWRITER)} ${digits(step.cwriter_written)}`
    const reads = [GITS.CREADR, GITS.CWRITER, GITS.CTLR].map((offset) => `get ${device} ${GROUP.ITS_REGS} ${digits(offset)}`)
    const [written, ...values] = (await this.#askAll([...queued, run, ...reads])).slice(queued.length)
    const [creadr, cwriter, ctlr] = values.map(registerValue)
    return { rc: rcName(written!.rc), creadr, cwriter, ctlr }
  }

  #control(op: ControlOp, its?: number): Promise<StepAnswer> {
    const [device, attribute] = CONTROL[op]
    return this.#attribute(device === 'g' ? 'g' : itsOf(its), attribute)
  }

  async #attribute(device: string, attribute: number): Promise<StepAnswer> {
    const { rc } = await this.#ask(`set ${device} ${GROUP.CTRL} ${digits(attribute)}`)
    return { rc: rcName(rc) }
  }
}

/** How a line names an ITS: without a number, the one created last. */
const itsOf = (its: number | undefined) => (its === undefined ? 'i' : `i${its}`)

function littleEndian(word: string): string {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(word)))
  return bytes.toString('hex')
}
