import { COMMAND_BYTES, GICR_PENDBASER, GITS_CBASER, GITS_TRANSLATER, hex, L1E } from '@vits/core/abi'
import { qemuRegisterOrder, type RestoredRegister, type Step } from '@vits/core/conformance'
import { guestSteps } from './guest.ts'
import { clearedTables, pendingDumps, tableDumps } from './looks.ts'
import { CONFIGURATION, deviceTableAt, itsBase, L2_PAGES, l2PageAt, RAM, SIDE_RAM } from './places.ts'
import { littleEndian } from './planted.ts'
import { furniture } from './queue-commands.ts'
import type { Action, ActionOf, RandomCase, Resume, Setting } from './random-case.ts'
import { cbaser, collectionBaser, deviceBaser, pendbaser, propbaser } from './register-values.ts'

/** LPIs that the random commands name, each enabled. */
const CONFIGURED_LPIS = 48
const ENABLED = 'a1'

/** What the writer of steps knows of an ITS: enough to go on writing where the queue stands, were nothing odd to happen. */
interface QueueGuess {
  cwriter: number
  bytes: number
}

/** The steps of a random case, without answers. Both subjects are asked exactly these. */
export function stepsOf(random: RandomCase): Step[] {
  const writer = new StepWriter(random.setting)
  writer.play(random.actions)
  writer.finish()
  return writer.steps
}

/** The history of a random case up to the point where its machine would be saved. */
export function historyOf(random: RandomCase): Step[] {
  const writer = new StepWriter(random.setting)
  writer.play(random.actions)
  return writer.steps
}

class StepWriter {
  readonly steps: Step[] = []
  readonly #setting: Setting
  readonly #queues: QueueGuess[]
  #sideRam: boolean

  constructor(setting: Setting) {
    this.#setting = setting
    this.#sideRam = setting.sideRam
    this.#queues = setting.itses.map(() => ({ cwriter: 0, bytes: setting.queuePages * 0x1000 }))
  }

  play(actions: readonly Action[]): void {
    this.#start()
    for (const action of actions) this.#act(action)
  }

  /** Brings the machine up as a guest would: LPIs, tables, queue, ITS enabled. */
  #start(): void {
    this.#create()
    this.steps.push({ op: 'mem_write', gpa: hex(CONFIGURATION), fill: ENABLED, len: hex(CONFIGURED_LPIS) })
    this.#setting.itses.forEach(({ indirect }, its) => {
      if (indirect) this.#mapL2(its)
    })
    this.#redistributors(true)
    this.#eachIts((its) => {
      for (const reg of qemuRegisterOrder) if (reg.includes('BASE')) this.#restoreRegister(its, reg)
      this.#write(its, 'GITS_CTLR', 1n)
      if (this.#setting.furnished) this.#commands(its, furniture(its, this.#setting.vcpuIds))
    })
  }

  #act(action: Action): void {
    ;(this.#acts[action.kind] as (action: Action) => void)(action)
  }

  readonly #acts: { readonly [K in Action['kind']]: (action: ActionOf<K>) => void } = {
    commands: ({ its, list }) => this.#commands(this.#its(its), list),
    msi: ({ its, sent, ...msi }) => {
      for (const form of sent) this.#msi(this.#its(its), { ...msi, ...form })
    },
    save: ({ its }) => {
      this.steps.push({ op: 'its_save_tables', its: this.#its(its) })
      this.#look()
    },
    'save-pending': () => {
      this.steps.push({ op: 'gic_save_pending_tables' })
      this.#lookAtPending()
    },
    acknowledge: () => this.#acknowledge(),
    reset: ({ its }) => this.steps.push({ op: 'its_ctrl_reset', its: this.#its(its) }),
    init: ({ its }) => this.steps.push({ op: 'its_ctrl_init', its: this.#its(its) }),
    restore: ({ its }) => this.#restoreOntoLive(this.#its(its)),
    registers: ({ its }) => this.steps.push({ op: 'its_regs', its: this.#its(its) }),
    'its-write': ({ its, reg, value, disabled }) => {
      if (disabled) this.#write(this.#its(its), 'GITS_CTLR', 0n)
      this.#write(this.#its(its), reg, BigInt(value))
      if (disabled) this.#write(this.#its(its), 'GITS_CTLR', 1n)
    },
    'redistributor-write': ({ cpu, reg, value }) => this.steps.push({ op: 'redist_write', cpu: this.#cpu(cpu), reg, value }),
    'redistributor-read': ({ cpu, reg }) => this.steps.push({ op: 'redist_read', cpu: this.#cpu(cpu), reg }),
    'lpis-off-and-on': ({ cpu, ptz }) => this.#lpisOffAndOn(this.#cpu(cpu), ptz),
    plant: ({ steps }) => this.#plant(steps),
    'clear-tables': () => this.#clearTables(),
    'side-ram': ({ present }) => this.#toggleSideRam(present),
    resume: (action) => this.#resume(action),
  }

  /** Saves everything, brings it up in a new VM, and asks that VM what it has: by MSIs and by saving into cleared tables. */
  finish(): void {
    this.#resume({ kind: 'resume', where: 'new-vm', order: qemuRegisterOrder, lpisFirst: true, save: true, planted: [] })
    this.#eachIts((its) => {
      for (const deviceId of [0, 1, 2])
        for (const eventId of [0, 1]) this.#msi(its, { deviceId, eventId, offset: GITS_TRANSLATER, flags: 1 })
    })
    this.#acknowledge()
    this.#clearTables()
    this.#save()
  }

  #acknowledge(): void {
    if (this.#setting.guest) this.steps.push({ op: 'guest_acknowledged', cpu: this.#cpu(0), what: 'what is pending' })
  }

  #its(number: number): number {
    return number % this.#setting.itses.length
  }

  #cpu(number: number): number {
    const { vcpuIds } = this.#setting
    return vcpuIds[number % vcpuIds.length]!
  }

  #eachIts(body: (its: number) => void): void {
    for (let its = 0; its < this.#setting.itses.length; its++) body(its)
  }

  #create(): void {
    const [first, ...more] = this.#setting.itses.map((_, its) => hex(itsBase(its)))
    const ram = [{ base: hex(RAM.base), size: hex(RAM.bytes) }]
    if (this.#sideRam) ram.push({ base: hex(SIDE_RAM.base), size: hex(SIDE_RAM.bytes) })
    const { vcpuIds } = this.#setting
    const inOrder = vcpuIds.every((id, index) => id === index)
    this.steps.push({
      op: 'create_vm',
      vcpus: vcpuIds.length,
      ...(inOrder ? {} : { vcpu_ids: vcpuIds }),
      ram,
      log_dirty: true,
      gic_init: true,
      its_base: first!,
      ...(more.length > 0 ? { more_its: more } : {}),
    })
    if (this.#setting.guest) this.steps.push(...guestSteps(vcpuIds[0]!))
  }

  /** L1 entries 0, 1 and 7, as DeviceIDs of the pools need them; ITSes share pages. */
  #mapL2(its: number): void {
    for (const [page, entry] of [0, 1, 7].entries()) {
      const l2Addr = l2PageAt((its + page) % L2_PAGES)
      const hexBytes = littleEndian(L1E.pack({ valid: true, l2Addr }))
      this.steps.push({ op: 'mem_write', gpa: hex(deviceTableAt(its) + 8 * entry), what: `L1[${entry}]`, hex: hexBytes })
    }
  }

  #redistributors(enable: boolean): void {
    const { vcpuIds, idBits } = this.#setting
    this.steps.push({ op: 'redist_write', cpu: vcpuIds[0]!, reg: 'GICR_PROPBASER', value: hex(propbaser(idBits)) })
    for (const cpu of vcpuIds) this.steps.push({ op: 'redist_write', cpu, reg: 'GICR_PENDBASER', value: hex(pendbaser(cpu)) })
    if (enable) this.#enableLpis()
  }

  #enableLpis(): void {
    for (const cpu of this.#setting.vcpuIds) this.steps.push({ op: 'redist_write', cpu, reg: 'GICR_CTLR', value: '0x1' })
  }

  #write(its: number, reg: string, value: bigint): void {
    this.steps.push({ op: 'its_write', its, reg, value: hex(value) })
    const queue = this.#queues[its]!
    if (reg === 'GITS_CWRITER') queue.cwriter = Number(value & 0xfffe0n) % queue.bytes
    if (reg !== 'GITS_CBASER') return
    queue.cwriter = 0
    queue.bytes = (GITS_CBASER.unpack(value).pages + 1) * 0x1000
  }

  /** Writes a register as a save of this machine would hold it. */
  #restoreRegister(its: number, reg: RestoredRegister): void {
    const queue = this.#queues[its]!
    const { cwriter } = queue
    const value = {
      GITS_IIDR: 0x4b00043bn,
      GITS_CBASER: cbaser(its, this.#setting.queuePages),
      GITS_CREADR: BigInt(cwriter),
      GITS_CWRITER: BigInt(cwriter),
      GITS_BASER0: deviceBaser(its, this.#setting.itses[its]!),
      GITS_BASER1: collectionBaser(its),
    }[reg]
    this.#write(its, reg, value)
    if (reg === 'GITS_CBASER') queue.cwriter = cwriter % queue.bytes
  }

  #commands(its: number, list: ActionOf<'commands'>['list']): void {
    const queue = this.#queues[its]!
    const cwriter = (queue.cwriter + list.length * COMMAND_BYTES) % queue.bytes
    this.steps.push({ op: 'commands', its, cwriter_before: hex(queue.cwriter), list, cwriter_written: hex(cwriter) })
    queue.cwriter = cwriter
  }

  #msi(
    its: number,
    { deviceId, eventId, offset, flags }: { deviceId: number; eventId: number; offset: number; flags: number },
  ): void {
    this.steps.push({ op: 'signal_msi', address: hex(itsBase(its) + offset), devid: hex(deviceId), eventid: hex(eventId), flags })
  }

  #lpisOffAndOn(cpu: number, ptz: boolean): void {
    const write = (reg: string, value: bigint) => this.steps.push({ op: 'redist_write', cpu, reg, value: hex(value) })
    write('GICR_CTLR', 0n)
    this.steps.push({ op: 'gic_save_pending_tables' })
    this.#lookAtPending()
    write('GICR_PENDBASER', pendbaser(cpu) | GICR_PENDBASER.pack({ ptz }))
    write('GICR_CTLR', 1n)
  }

  #plant(steps: readonly Step[]): void {
    const inSideRam = (step: Step) => step.op === 'mem_write' && Number(step.gpa) >= SIDE_RAM.base
    this.steps.push(...steps.filter((step) => this.#sideRam || !inSideRam(step)))
  }

  #toggleSideRam(present: boolean): void {
    if (present === this.#sideRam) return
    this.#sideRam = present
    const { slot, base, bytes } = SIDE_RAM
    this.steps.push({ op: 'mem_slot', slot, base: hex(base), size: hex(present ? bytes : 0) })
  }

  #save(): void {
    this.#eachIts((its) => this.steps.push({ op: 'its_save_tables', its }))
    this.steps.push({ op: 'gic_save_pending_tables' })
    this.#look()
  }

  #resume({ where, order, lpisFirst, save, planted }: Resume): void {
    this.#eachIts((its) => this.steps.push({ op: 'its_regs', its }))
    if (save) this.#save()
    this.#plant(planted)
    if (where === 'new-vm') {
      this.steps.push({ op: 'destroy_vm', ram_kept: true })
      this.#create()
    } else this.#eachIts((its) => this.steps.push({ op: 'its_ctrl_reset', its }))
    this.#redistributors(lpisFirst)
    this.#eachIts((its) => {
      for (const reg of order) this.#restoreRegister(its, reg)
      this.steps.push({ op: 'its_restore_tables', its })
      this.#write(its, 'GITS_CTLR', 1n)
    })
    if (!lpisFirst) this.#enableLpis()
    this.#lookAtPending()
  }

  /**
   * A restore onto an ITS that may have devices. It ends with a reset: KVM adds the restored devices to those that are there, and of
   * a device that it then has twice another one answers after every save.
   */
  #restoreOntoLive(its: number): void {
    this.steps.push({ op: 'its_restore_tables', its })
    this.#lookAtPending()
    this.steps.push({ op: 'its_ctrl_reset', its })
  }

  #clearTables(): void {
    this.steps.push(...clearedTables(this.#setting))
  }

  #look(): void {
    this.steps.push(...tableDumps(this.#setting, this.#sideRam))
    this.#lookAtPending()
  }

  /** The pending tables, and which pages KVM wrote since the last look. */
  #lookAtPending(): void {
    this.steps.push(...pendingDumps(this.#setting, this.#sideRam))
  }
}
