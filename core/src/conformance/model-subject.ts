import {
  COMMAND_BYTES,
  KVM_DEV_ARM_CTRL as CTRL,
  GITS,
  KVM_DEV_ARM_VGIC_GRP as GRP,
  hex,
  KVM_VGIC_ADDR_TYPE,
  type ProfileId,
  profileWithId,
  type Quirks,
  queueShape,
} from '../abi/index.ts'
import { CpuInterface, SPURIOUS } from '../its/index.ts'
import { type KvmDevice, type KvmGic, type KvmIts, KvmVm } from '../kvm/index.ts'
import { errnoName, type Gpa, GuestMemory, gpa, type Outcome } from '../memory/index.ts'
import { bytesOfHex, nonzeroWords, wordBytes } from './hex.ts'
import { type ModelState, playLine } from './model-line.ts'
import { itsRegisterOffset, redistributorAttributes } from './register-names.ts'
import { type Hex, type Rc, type Step, type StepAnswer, type StepOf, type StepOp, savedItsRegisters } from './step.ts'
import { type Subject, UNSUPPORTED } from './subject.ts'

/** A guest that opens its CPU interface to all priorities. */
const ALL_PRIORITIES = 0xff

type Play = { readonly [O in StepOp]: (step: StepOf<O>) => StepAnswer }

/** The model as the subject of a recording: one VM after another, driven through KVM's face. */
export class ModelSubject implements Subject {
  readonly kernel: ProfileId
  readonly #quirks: Quirks
  readonly #state: ModelState = { vm: undefined, gic: undefined, its: undefined }
  #kept: GuestMemory | undefined
  #hostDied = false
  /** Pages that KVM wrote since it was asked, beyond those in the memory's own log; undefined when it keeps no log. */
  #written: Set<Gpa> | undefined

  /** `quirks`: other ones than the profile's. */
  constructor(kernel: ProfileId, quirks: Quirks = profileWithId(kernel).quirks) {
    this.kernel = kernel
    this.#quirks = quirks
  }

  get name(): string {
    return `model of ${this.kernel}`
  }

  play(step: Step): StepAnswer {
    return (this.#play[step.op] as (step: Step) => StepAnswer)(step)
  }

  readonly #play: Play = {
    create_vm: (step) => this.#create(step),
    destroy_vm: ({ ram_kept }) => {
      this.#kept = ram_kept ? this.vm.memory : undefined
      this.#state.vm = undefined
      return {}
    },
    mem_slot: ({ slot, base, size }) => {
      this.vm.setMemory(slot, gpa(BigInt(base)), Number(size), 'sparse')
      return {}
    },
    dirty_log: ({ base }) => ({ pages: this.#writtenIn(gpa(BigInt(base))) }),
    its_write: ({ reg, value, its }) => {
      const device = this.#its(its)
      const offset = itsRegisterOffset(reg)
      const rc = rcOf(device.setAttr(GRP.ITS_REGS, offset, BigInt(value)))
      const back = device.getAttr(GRP.ITS_REGS, offset)
      return back.ok ? { rc, readback: hex(back.value) } : { rc, readback_rc: back.errno }
    },
    its_read: ({ reg, its }) => {
      const read = this.#its(its).getAttr(GRP.ITS_REGS, itsRegisterOffset(reg))
      return read.ok ? { rc: '0', value: hex(read.value) } : { rc: read.errno }
    },
    its_regs: ({ its }) => {
      const read = (name: string) => readOf(this.#its(its).getAttr(GRP.ITS_REGS, itsRegisterOffset(name)))
      return { values: Object.fromEntries(savedItsRegisters.map((name) => [name, read(name)])) }
    },
    redist_write: ({ cpu, reg, value }) => {
      const half = (n: number) => (BigInt(value) >> BigInt(32 * n)) & 0xffffffffn
      const rcs = redistributorAttributes(cpu, reg).map((attr, n) => rcOf(this.#gic.setAttr(GRP.REDIST_REGS, attr, half(n))))
      return { rc: [...new Set(rcs)].join('/') }
    },
    redist_read: ({ cpu, reg }) => {
      const read = redistributorAttributes(cpu, reg).map((attr) => this.#gic.getAttr(GRP.REDIST_REGS, attr))
      const value = read.reduce((sum, part, n) => sum | ((part.ok ? part.value : 0n) << BigInt(32 * n)), 0n)
      return { rc: read[0]!.ok ? '0' : read[0]!.errno, value: hex(value) }
    },
    mem_write: ({ gpa: at, hex: digits = '', fill, len = '0x0' }) => {
      this.#asUserSpace((memory) => {
        if (fill === undefined) memory.write(gpa(BigInt(at)), bytesOfHex(digits))
        else memory.fill(gpa(BigInt(at)), Number(len), Number.parseInt(fill, 16))
      })
      return {}
    },
    mem_zero: ({ gpa: at, len }) => {
      this.#asUserSpace((memory) => memory.fill(gpa(BigInt(at)), Number(len)))
      return {}
    },
    mem_dump: ({ gpa: at, len }) => ({ nonzero: nonzeroWords(this.vm.memory, gpa(BigInt(at)), Number(len)) }),
    commands: (step) => this.#commands(step),
    its_ctrl_init: ({ its }) => this.#control(this.#its(its), CTRL.VGIC_CTRL_INIT),
    its_save_tables: ({ its }) => this.#control(this.#its(its), CTRL.ITS_SAVE_TABLES),
    its_restore_tables: ({ its }) => this.#control(this.#its(its), CTRL.ITS_RESTORE_TABLES),
    its_ctrl_reset: ({ its }) => this.#control(this.#its(its), CTRL.ITS_CTRL_RESET),
    gic_ctrl_init: () => this.#control(this.#gic, CTRL.VGIC_CTRL_INIT),
    gic_save_pending_tables: () => this.#control(this.#gic, CTRL.VGIC_SAVE_PENDING_TABLES),
    gic_ctrl_attr: ({ attr }) => this.#control(this.#gic, attr),
    its_ctrl_attr: ({ attr, its }) => this.#control(this.#its(its), attr),
    signal_msi: ({ address, devid, eventid, flags }) => {
      const result = this.vm.signalMsi({
        address: Number(address),
        deviceId: Number(devid),
        eventId: Number(eventid),
        flags,
      })
      return { rc: result < 0 ? errnoName(result) : String(result) }
    },
    guest_acknowledged: ({ cpu }) => ({
      intids: takeAll(
        this.vm,
        this.vm.vcpus.findIndex(({ id }) => id === cpu),
      ),
    }),
    raw: ({ line }) => playLine(this.#state, line) ?? UNSUPPORTED,
    note: () => ({}),
    timing: () => ({}),
    result: () => ({}),
  }

  /** The VM that the last `create_vm` made. @throws RangeError when there is none. */
  get vm(): KvmVm {
    if (this.#state.vm === undefined) throw new RangeError('a step before create_vm')
    return this.#state.vm
  }

  /** True once a step was played that stops a host of this kernel: it has no answer to that step, nor to any after it. */
  get hostDied(): boolean {
    return this.#hostDied
  }

  get #gic(): KvmGic {
    return this.#state.gic!
  }

  /** Without a number, the ITS created last. */
  #its(number: number | undefined): KvmIts {
    const its = number === undefined ? this.#state.its : this.vm.itses[number]
    if (its === undefined) throw new RangeError(`a step on an ITS that was not created`)
    return its
  }

  /** Writes as a VMM does: into a dirty log go only KVM's own writes. */
  #asUserSpace(write: (memory: GuestMemory) => void): void {
    const { memory } = this.vm
    for (const page of this.#written === undefined ? [] : memory.dirtyPages()) this.#written?.add(page)
    write(memory)
    if (this.#written !== undefined) memory.clearDirty()
  }

  /** The pages of the region at `base` that KVM wrote; they are forgotten. */
  #writtenIn(base: Gpa): Hex[] {
    this.#asUserSpace(() => {})
    const bytes = this.vm.memory.ranges.find((range) => range.base === base)?.bytes ?? 0
    const pages = [...(this.#written ?? [])].filter((page) => page >= base && page < base + bytes)
    for (const page of pages) this.#written?.delete(page)
    return pages.sort((a, b) => a - b).map((page) => hex(BigInt(page)))
  }

  #control(device: KvmDevice, attr: number): StepAnswer {
    const outcome = device.setAttr(GRP.CTRL, BigInt(attr))
    if (!outcome.ok && outcome.hostOops) this.#hostDied = true
    return { rc: rcOf(outcome) }
  }

  #create({ vcpus, vcpu_ids, ram, gic_init, its_base, no_its, more_its = [], log_dirty }: StepOf<'create_vm'>): StepAnswer {
    const vm = new KvmVm({ kernel: this.kernel, quirks: this.#quirks, memory: this.#kept ?? new GuestMemory() })
    this.#kept = undefined
    for (const [slot, { base, size }] of ram.entries()) {
      vm.setMemory(slot, gpa(BigInt(base)), Number(size), 'sparse')
    }
    for (let n = 0; n < vcpus; n++) vm.createVcpu(vcpu_ids?.[n])
    const gic = vm.createGic()
    if (gic_init) gic.setAttr(GRP.CTRL, BigInt(CTRL.VGIC_CTRL_INIT))
    Object.assign(this.#state, { vm, gic, its: undefined })
    this.#written = log_dirty ? new Set() : undefined
    if (log_dirty) vm.memory.clearDirty()
    for (const base of no_its ? [] : [its_base, ...more_its]) {
      const its = vm.createIts()
      its.setAttr(GRP.ADDR, BigInt(KVM_VGIC_ADDR_TYPE.ITS), BigInt(base))
      this.#state.its = its
    }
    return {}
  }

  #commands({ list, cwriter_before, cwriter_written, its }: StepOf<'commands'>): StepAnswer {
    const device = this.#its(its)
    const { base, bytes } = queueShape(device.its.cbaser)
    this.#asUserSpace((memory) => {
      for (const [n, { dw }] of list.entries()) {
        const at = base + ((Number(cwriter_before) + n * COMMAND_BYTES) % bytes)
        if (memory.contains(at as Gpa, COMMAND_BYTES)) memory.write(at as Gpa, wordBytes(dw))
      }
    })
    const rc = rcOf(device.setAttr(GRP.ITS_REGS, BigInt(GITS.CWRITER), BigInt(cwriter_written)))
    const [creadr, cwriter, ctlr] = [GITS.CREADR, GITS.CWRITER, GITS.CTLR].map((offset) =>
      readOf(device.getAttr(GRP.ITS_REGS, BigInt(offset))),
    )
    return { rc, creadr, cwriter, ctlr }
  }
}

const rcOf = (outcome: Outcome<unknown>): Rc => (outcome.ok ? String(outcome.value) : outcome.errno)

const readOf = (outcome: Outcome<bigint>): string => (outcome.ok ? hex(outcome.value) : outcome.errno)

/** A guest on the vCPU takes and completes what it can. */
function takeAll(vm: KvmVm, vcpu: number): number[] {
  const cpu = new CpuInterface(vm.gic, vcpu)
  cpu.group1 = true
  cpu.priorityMask = ALL_PRIORITIES
  const intids: number[] = []
  for (let intid = cpu.acknowledge(); intid !== SPURIOUS; intid = cpu.acknowledge()) {
    intids.push(intid)
    cpu.complete()
  }
  return intids
}
