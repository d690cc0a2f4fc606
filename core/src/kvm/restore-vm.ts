import {
  KVM_DEV_ARM_CTRL as CTRL,
  GICR,
  GITS,
  type GicRegisters,
  KVM_DEV_ARM_VGIC_GRP as GRP,
  type ItsPlace,
  itsAddresses,
  KVM_VGIC_ADDR_TYPE,
  type ProfileId,
  type Quirks,
  type RedistributorRegisters,
  redistributorAttr,
  type SavedIts,
} from '../abi/index.ts'
import type { GuestMemory, Outcome } from '../memory/index.ts'
import { type Doubt, type KnownMappings, restoreWarily } from '../seal/index.ts'
import type { KvmGic } from './kvm-gic.ts'
import type { KvmIts } from './kvm-its.ts'
import { KvmVm } from './kvm-vm.ts'
import { type RestoreStep, restoreOrder } from './restore-order.ts'

export interface RestoreVmOptions {
  /** Default: the newest. */
  readonly kernel?: ProfileId
  /** Its quirks, where they are not to be those of its profile. */
  readonly quirks?: Quirks
  /** The steps to take, for those who want to know what another order comes to. */
  readonly order?: readonly RestoreStep[]
  /**
   * Restore the tables warily instead of as the kernel does, with what is known of the guest's mappings on each ITS, by its index:
   * `setScenes(...)[its].beliefs`, say, or undefined when nothing is. Tables in doubt then fail the step `restore-tables`.
   */
  readonly wary?: (its: number) => KnownMappings | undefined
}

/** A VM whose LPI side is as it was saved, its ITSes in the order of the registers. */
export interface RestoredVm {
  readonly vm: KvmVm
  readonly gic: KvmGic
}

/** A VM that came back, or what failed. */
export type RestoreVmOutcome = Extract<Outcome<RestoredVm>, { ok: true }> | FailedStep

/** The first errno that KVM answered. */
export type FailedStep = Extract<Outcome<unknown>, { ok: false }> & {
  /** The step that it answered to. */
  readonly step: RestoreStep
  /** The ITS that was called, with the address it was given; undefined where the step is not an ITS's. */
  readonly its: ItsPlace | undefined
  /** Of a wary restore: why the tables are not believed. */
  readonly doubts?: readonly Doubt[]
}

/**
 * Brings a saved VM back in KVM's documented order. `memory` becomes the VM's RAM, and pending bits in it are consumed. Nothing
 * is done after the first step that fails.
 */
export function restoreVm(memory: GuestMemory, registers: GicRegisters, options: RestoreVmOptions = {}): RestoreVmOutcome {
  const { kernel, quirks, order = restoreOrder, wary } = options
  const vm = new KvmVm({ memory, ...(kernel && { kernel }), ...(quirks && { quirks }) })
  const restored = { vm, gic: vm.createGic() }
  for (const _ of registers.itses) vm.createIts()
  for (const step of order) {
    const calls =
      step === 'restore-tables' && wary !== undefined ? restoreTablesWarily(vm, wary) : take[step](restored, registers)
    for (const { its: index, ...answer } of calls) {
      const its = index === undefined ? undefined : { index, base: itsAddresses(registers)[index] }
      if (!answer.ok) return { ...answer, step, its }
    }
  }
  return { ok: true, value: restored }
}

/** What a call answered; `its`: the index of the ITS that was called. */
type Answer = Outcome<unknown> & { readonly doubts?: readonly Doubt[]; readonly its?: number }

function* restoreTablesWarily({ itses }: KvmVm, wary: NonNullable<RestoreVmOptions['wary']>): Generator<Answer> {
  for (const [n, { its }] of itses.entries()) yield { ...restoreWarily(its, wary(n)), its: n }
}

/** The calls of a step, each made when the answer to the one before it was taken. */
type Take = (restored: RestoredVm, registers: GicRegisters) => Iterable<Answer>

/** What each step does here; RAM is there from the start, and nothing runs. */
const take: Readonly<Record<RestoreStep, Take>> = {
  memory: () => [],
  vcpus: ({ vm }, { redistributors }) => {
    for (const { vcpuId } of redistributors) vm.createVcpu(vcpuId)
    return []
  },
  'gic-init': ({ gic }) => [gic.setAttr(GRP.CTRL, BigInt(CTRL.VGIC_CTRL_INIT))],
  *'lpi-tables'({ gic }, { redistributors }) {
    for (const redistributor of redistributors) {
      yield* write64(gic, redistributor, GICR.PROPBASER, redistributor.propbaser)
      yield* write64(gic, redistributor, GICR.PENDBASER, redistributor.pendbaser)
    }
  },
  *'enable-lpis'({ gic }, { redistributors }) {
    for (const redistributor of redistributors) yield write32(gic, redistributor, GICR.CTLR, BigInt(redistributor.ctlr))
  },
  *'its-address'({ vm }, registers) {
    for (const [n, base] of itsAddresses(registers).entries()) {
      yield { ...vm.itses[n]!.setAttr(GRP.ADDR, BigInt(KVM_VGIC_ADDR_TYPE.ITS), BigInt(base)), its: n }
    }
  },
  cbaser: onEach((its, { cbaser }) => [writeIts(its, GITS.CBASER, cbaser)]),
  iidr: onEach((its, { iidr }) => [writeIts(its, GITS.IIDR, BigInt(iidr))]),
  creadr: onEach((its, { creadr }) => [writeIts(its, GITS.CREADR, creadr)]),
  cwriter: onEach((its, { cwriter }) => [writeIts(its, GITS.CWRITER, cwriter)]),
  basers: onEach(function* (its, { baser }) {
    for (const [n, value] of baser.entries()) yield writeIts(its, GITS.BASER0 + 8 * n, value)
  }),
  'restore-tables': onEach((its) => [its.setAttr(GRP.CTRL, BigInt(CTRL.ITS_RESTORE_TABLES))]),
  'its-ctlr': onEach((its, { ctlr }) => [writeIts(its, GITS.CTLR, BigInt(ctlr))]),
  irqfd: () => [],
  run: () => [],
}

function onEach(calls: (its: KvmIts, saved: SavedIts) => Iterable<Outcome<number>>): Take {
  return function* ({ vm }, { itses }) {
    for (const [n, saved] of itses.entries()) for (const answer of calls(vm.itses[n]!, saved)) yield { ...answer, its: n }
  }
}

const writeIts = (its: KvmIts, offset: number, value: bigint): Outcome<number> => its.setAttr(GRP.ITS_REGS, BigInt(offset), value)

/** Userspace writes redistributor registers 32 bits at a time, the lower half first. */
function* write64(gic: KvmGic, redistributor: RedistributorRegisters, offset: number, value: bigint): Generator<Outcome<number>> {
  yield write32(gic, redistributor, offset, value & 0xffffffffn)
  yield write32(gic, redistributor, offset + 4, value >> 32n)
}

function write32(gic: KvmGic, { vcpuId }: RedistributorRegisters, offset: number, value: bigint): Outcome<number> {
  return gic.setAttr(GRP.REDIST_REGS, redistributorAttr(vcpuId, offset), value)
}
