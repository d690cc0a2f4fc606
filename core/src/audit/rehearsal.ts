import {
  KVM_DEV_ARM_CTRL as CTRL,
  FIRST_LPI,
  GICR,
  GICR_PENDBASER,
  GICR_PROPBASER,
  GITS,
  KVM_DEV_ARM_VGIC_GRP as GRP,
  KVM_VGIC_ADDR_TYPE,
  LPI_LIMIT,
  type ProfileId,
  redistributorAttr,
} from '../abi/index.ts'
import { type KvmDevice, type KvmIts, KvmVm } from '../kvm/index.ts'
import type { Errno, Gpa, GuestMemory, Outcome } from '../memory/index.ts'
import { HOST_OOPS, restoresUnder } from '../tables/index.ts'
import { place } from './effect.ts'
import type { AuditInput } from './scene.ts'
import type { Restored } from './simulate.ts'

/** How a call at the ioctl boundary failed. */
export interface CallFailure {
  /** The attribute that was written: `GITS_CREADR`, `RESTORE_TABLES`. */
  readonly call: string
  readonly errno: Errno
  readonly says: string
}

/** What a kernel does with a saved VM from restore to the save after it. */
export interface Rehearsal {
  /** The first call of the restore that fails. */
  readonly restore: CallFailure | undefined
  /** GITS_CTLR.Enabled was saved as 1 and the kernel left it 0. */
  readonly leftDisabled: boolean
  readonly save: CallFailure | undefined
  /** The save does not fail: it takes the host down. */
  readonly hostOops: boolean
  /** What a restore of that save gives: undefined when exactly what was saved. */
  readonly again: string | undefined
}

const ITS_BASE = 0x0808_0000n

/**
 * Restores a private copy of the VM on a model of the kernel in the order that QEMU restores it, and saves it again: registers, tables,
 * commands that were waiting. `restored` is what the walk gave: it must have come to its end.
 */
export function rehearse(input: AuditInput, kernel: ProfileId, restored: Restored): Rehearsal {
  const vm = new KvmVm({ kernel, memory: withLpiBytes(input, restored) })
  for (const { vcpuId } of input.registers.redistributors) vm.createVcpu(vcpuId)
  const gic = vm.createGic()
  const its = vm.createIts()
  const restore = firstFailure(restoreCalls(input, gic, its))
  const enabled = its.getAttr(GRP.ITS_REGS, BigInt(GITS.CTLR))
  const leftDisabled = restore === undefined && (input.registers.its.ctlr & 1) === 1 && enabled.ok && (enabled.value & 1n) === 0n
  if (restore !== undefined) return { restore, leftDisabled, save: undefined, hostOops: false, again: undefined }
  const save = firstFailure([['SAVE_TABLES', its, GRP.CTRL, BigInt(CTRL.ITS_SAVE_TABLES), 0n]])
  const hostOops = save?.says.endsWith(HOST_OOPS) ?? false
  return { restore, leftDisabled, save, hostOops, again: save === undefined ? restoreAgain(its, kernel) : undefined }
}

/**
 * A private copy of guest RAM. Rubbish entries name LPIs whose configuration and pending bytes lie anywhere in RAM, where nothing was
 * loaded; what they hold does not matter here.
 */
function withLpiBytes({ memory, registers }: AuditInput, { mappings: { events } }: Restored): GuestMemory {
  const fork = memory.fork()
  const touch = (at: number) => {
    const region = fork.region(at as Gpa)
    region?.loadZeros(at - region.base)
  }
  for (let row = 0; row < events.length; row++) {
    const lpi = events.lpi[row]!
    if (lpi < LPI_LIMIT) continue
    for (const { propbaser, pendbaser } of registers.redistributors) {
      touch(GICR_PROPBASER.unpack(propbaser).address + lpi - FIRST_LPI)
      touch(GICR_PENDBASER.unpack(pendbaser).address + Math.floor(lpi / 8))
    }
  }
  return fork
}

type Call = readonly [name: string, device: KvmDevice, group: number, attr: bigint, value: bigint]

/** The writes of a restore, in QEMU's order. */
function restoreCalls({ registers }: AuditInput, gic: KvmDevice, its: KvmIts): Call[] {
  const { ctlr, iidr, cbaser, creadr, cwriter, baser } = registers.its
  const its64 = (name: string, offset: number, value: bigint): Call => [name, its, GRP.ITS_REGS, BigInt(offset), value]
  return [
    ['CTRL_INIT', gic, GRP.CTRL, BigInt(CTRL.VGIC_CTRL_INIT), 0n],
    ...registers.redistributors.flatMap(({ vcpuId, ctlr: enable, propbaser, pendbaser }) => [
      ...halves('GICR_PROPBASER', gic, vcpuId, GICR.PROPBASER, propbaser),
      ...halves('GICR_PENDBASER', gic, vcpuId, GICR.PENDBASER, pendbaser),
      half('GICR_CTLR', gic, vcpuId, GICR.CTLR, BigInt(enable)),
    ]),
    ['ITS address', its, GRP.ADDR, BigInt(KVM_VGIC_ADDR_TYPE.ITS), ITS_BASE],
    its64('GITS_IIDR', GITS.IIDR, BigInt(iidr)),
    its64('GITS_CBASER', GITS.CBASER, cbaser),
    its64('GITS_CREADR', GITS.CREADR, creadr),
    its64('GITS_CWRITER', GITS.CWRITER, cwriter),
    ...baser.map((value, n) => its64(`GITS_BASER${n}`, GITS.BASER0 + 8 * n, value)),
    ['RESTORE_TABLES', its, GRP.CTRL, BigInt(CTRL.ITS_RESTORE_TABLES), 0n],
    its64('GITS_CTLR', GITS.CTLR, BigInt(ctlr)),
  ]
}

function half(name: string, gic: KvmDevice, vcpuId: number, offset: number, value: bigint): Call {
  return [name, gic, GRP.REDIST_REGS, redistributorAttr(vcpuId, offset), value & 0xffffffffn]
}

const halves = (name: string, gic: KvmDevice, vcpuId: number, offset: number, value: bigint): Call[] => [
  half(name, gic, vcpuId, offset, value),
  half(name, gic, vcpuId, offset + 4, value >> 32n),
]

function firstFailure(calls: readonly Call[]): CallFailure | undefined {
  for (const [call, device, group, attr, value] of calls) {
    const answer: Outcome<number> = device.setAttr(group, attr, value)
    if (answer.ok) continue
    const where = answer.where === undefined ? '' : `${place(answer.where)}: `
    return { call, errno: answer.errno, says: `${where}${answer.reason}` }
  }
  return undefined
}

function restoreAgain({ its }: KvmIts, kernel: ProfileId): string | undefined {
  const answer = restoresUnder(its, kernel)
  if (answer.restores === 'exactly') return undefined
  return answer.restores === 'not' ? `${answer.errno}: ${answer.reason}` : answer.difference
}
