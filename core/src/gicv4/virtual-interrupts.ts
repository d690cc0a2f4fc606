import { NO_DOORBELL } from '../abi/index.ts'
import type { GuestMemory } from '../memory/index.ts'
import type { HardwareLog } from './log.ts'
import { vptHoldsBits } from './pending-bits.ts'
import type { PhysicalLpis } from './physical-lpis.ts'
import { Vpe, type VpeShape } from './vpe.ts'
import { clearVpeEntry, type VpeTable, vpeEntryAt, vpeTableOfRedistributor, writeVpeEntry } from './vpe-table.ts'

export type GicVersion = 'GICv4.0' | 'GICv4.1'

/** Why a command did nothing; undefined when it was carried out. */
export type Refusal = string | undefined

/** What VMAPP says beside the vPE itself. */
export interface MapRequest {
  /** ITS_Number of the ITS that executes the command. */
  readonly its: number
  /** GICv4.1: the first map. GICv4.0 has no such bit and passes true when no ITS maps the vPE yet. */
  readonly alloc: boolean
  readonly ptz: boolean
  /** GICv4.0: the ITS's own vPE table. On GICv4.1 that of the redistributor is used. */
  readonly table?: VpeTable
}

/**
 * The part of the GIC that keeps virtual interrupts: every mapped vPE with its pending state, shared by all redistributors and ITSes.
 *
 * Decided here, where the architecture leaves it open: an interrupt for a vPE that the sending ITS does not map is lost; one that
 * arrives through an ITS whose VMOVP was left out is lost too; each time the log says so. A request that must not be made
 * (a second Alloc, an unmap of a resident vPE) is carried out as far as it makes sense and logged as unpredictable.
 *
 * @source IHI 0069 "GICv4.1: vPE mapping", "VMAPP", "Doorbell interrupts"
 */
export class VirtualInterrupts {
  readonly version: GicVersion
  readonly memory: GuestMemory
  readonly log: HardwareLog
  readonly lpis: PhysicalLpis
  /** GICR_VPROPBASER of each redistributor. */
  readonly vpropbasers: bigint[]
  readonly #vpes = new Map<number, Vpe>()
  /** GICv4.0: unmapped, but VSYNC has not been executed: memory is not true yet. */
  readonly #unsynced = new Map<number, Vpe>()

  constructor(version: GicVersion, memory: GuestMemory, log: HardwareLog, lpis: PhysicalLpis, redistributors: number) {
    this.version = version
    this.memory = memory
    this.log = log
    this.lpis = lpis
    this.vpropbasers = new Array<bigint>(redistributors).fill(0n)
  }

  /** The vPE while some ITS maps it. */
  vpe(vpeid: number): Vpe | undefined {
    return this.#vpes.get(vpeid)
  }

  /** GICv4.0: the vPE whose table GICR_VPENDBASER names. */
  vpeOfTable(vptAddr: number): Vpe | undefined {
    return [...this.#vpes.values()].find((vpe) => vpe.vptAddr === vptAddr)
  }

  /** VMAPP with V=1. The first map takes the state that memory holds; a further ITS joins in. */
  map(shape: VpeShape, request: MapRequest): Refusal {
    const { vpeid, rdBase, vptAddr, intidBits } = shape
    const known = this.#vpes.get(vpeid)
    if (known !== undefined) return this.#join(known, shape, request)
    if (!request.alloc) return `vPE ${vpeid} is mapped by no ITS and Alloc is 0`
    if (rdBase >= this.vpropbasers.length) return `there is no redistributor ${rdBase}`
    if (intidBits < 14 || intidBits > 16) return `${intidBits} vINTID bits hold no LPI or more than the hardware has`
    if (!this.memory.contains(vptAddr, 2 ** intidBits / 8)) return 'the virtual pending table is not in memory'
    if (!this.#writeEntry(shape, request.table ?? this.#tableOf(rdBase))) return `the vPE table has no room for vPE ${vpeid}`
    const vpe = this.#unsynced.get(vpeid) ?? new Vpe(shape)
    this.#unsynced.delete(vpeid)
    if (request.ptz) this.#trustZeros(vpe)
    else vpe.load(this.memory)
    vpe.routes.set(request.its, rdBase)
    this.#vpes.set(vpeid, vpe)
    return undefined
  }

  #join(vpe: Vpe, shape: VpeShape, { its, alloc }: MapRequest): Refusal {
    if (vpe.routes.has(its)) return `vPE ${vpe.vpeid} is mapped already`
    if (vpe.vptAddr !== shape.vptAddr) return `vPE ${vpe.vpeid} has another pending table on the ITSes that map it`
    if (shape.rdBase !== vpe.rdBase) return `vPE ${vpe.vpeid} belongs to redistributor ${vpe.rdBase}`
    if (alloc && this.version === 'GICv4.1') {
      this.log.note('unpredictable', 'Alloc of a vPE that is mapped: its state is kept', { its, vpeid: vpe.vpeid })
    }
    vpe.routes.set(its, shape.rdBase)
    return undefined
  }

  #trustZeros(vpe: Vpe): void {
    if (!vptHoldsBits(this.memory, vpe.vptAddr, vpe.pending.bytes)) return
    this.log.note('lost', 'PTZ said that the pending table is all zeros, and it was not', { vpeid: vpe.vpeid })
  }

  /** VMAPP with V=0. With `last`, the hardware gives up the vPE: GICv4.1 writes everything back before the command completes. */
  unmap(vpeid: number, its: number, last: boolean): Refusal {
    const vpe = this.#vpes.get(vpeid)
    if (vpe === undefined || !vpe.routes.delete(its)) return `vPE ${vpeid} is not mapped`
    if (vpe.routes.size > 0) {
      if (last) this.log.note('unpredictable', 'Alloc on an unmap that is not the last: the vPE stays', { its, vpeid })
      return undefined
    }
    if (vpe.resident) {
      this.log.note('unpredictable', 'unmapped while resident: its residency ends', { its, vpeid })
      vpe.resident = false
    }
    this.#vpes.delete(vpeid)
    this.#clearEntry(vpe)
    if (!last) this.log.note('lost', 'the last unmap came without Alloc: pending state is not written back', { its, vpeid })
    else if (this.version === 'GICv4.0') this.#unsynced.set(vpeid, vpe)
    else vpe.store(this.memory)
    return undefined
  }

  /** VSYNC: GICv4.0 has written an unmapped vPE back only after this. */
  sync(vpeid: number): void {
    this.#unsynced.get(vpeid)?.store(this.memory)
    this.#unsynced.delete(vpeid)
  }

  /** The move that VMOVP asked for, once every ITS of its list has agreed. */
  move(vpe: Vpe, rdBase: number): void {
    this.#clearEntry(vpe)
    vpe.rdBase = rdBase
    if (this.version === 'GICv4.1') this.#writeEntry(vpe, this.#tableOf(rdBase))
  }

  /** True when the redistributor exists and, on GICv4.1, its vPE table has an entry for the vPE. */
  canHold(vpeid: number, rdBase: number): boolean {
    if (rdBase >= this.vpropbasers.length) return false
    return this.version === 'GICv4.0' || vpeEntryAt(this.memory, this.#tableOf(rdBase), vpeid) !== undefined
  }

  /**
   * An ITS sends a virtual interrupt. `doorbell` is GICv4.0's own doorbell of the event.
   *
   * @returns false when the interrupt is lost.
   */
  raise(its: number, vpeid: number, vintid: number, doorbell = NO_DOORBELL): boolean {
    const vpe = this.#vpes.get(vpeid)
    const route = vpe?.routes.get(its)
    if (vpe === undefined || route === undefined) {
      const says = 'an interrupt came for a vPE that is not mapped: it is gone, its device was not quiesced'
      return this.#drop('lost', says, its, vpeid, vintid)
    }
    if (route !== vpe.rdBase && !vpe.moving) {
      return this.#drop('misrouted', `sent to redistributor ${route}, the vPE is on ${vpe.rdBase}`, its, vpeid, vintid)
    }
    if (vintid >= vpe.pending.limit) return this.#drop('lost', 'the vINTID is outside the pending table', its, vpeid, vintid)
    const news = !vpe.isPending(vintid)
    vpe.setPending(vintid)
    if (vpe.resident) return true
    if (this.version === 'GICv4.1') this.#ringDefault(vpe, vintid)
    else if (news && doorbell !== NO_DOORBELL) this.#ring(vpe, doorbell)
    return true
  }

  #drop(kind: 'lost' | 'misrouted', says: string, its: number, vpeid: number, vintid: number): false {
    this.log.note(kind, says, { its, vpeid, vintid })
    return false
  }

  /** Reads configuration again; what becomes deliverable by that rings an armed doorbell. */
  invalidate(vpe: Vpe, vintid?: number): void {
    vpe.invalidate(vintid)
    if (vpe.resident || !vpe.doorbellArmed) return
    const waiting = vpe.highest(this.memory)
    if (waiting !== undefined) this.#ringDefault(vpe, waiting)
  }

  /** Once for each deschedule that asked, and only for an interrupt the vPE could take. */
  #ringDefault(vpe: Vpe, vintid: number): void {
    if (!vpe.doorbellArmed || !vpe.hasDoorbell || !vpe.deliverable(this.memory, vintid)) return
    vpe.doorbellArmed = false
    this.#ring(vpe, vpe.defaultDoorbell)
  }

  #ring(vpe: Vpe, pintid: number): void {
    this.log.note('doorbell', `LPI ${pintid} to redistributor ${vpe.rdBase}`, { vpeid: vpe.vpeid })
    this.lpis.raise(pintid, vpe.rdBase)
  }

  #tableOf(rdBase: number): VpeTable {
    return vpeTableOfRedistributor(this.vpropbasers[rdBase] ?? 0n)
  }

  #writeEntry(shape: VpeShape, table: VpeTable): boolean {
    const at = vpeEntryAt(this.memory, table, shape.vpeid)
    if (at !== undefined) writeVpeEntry(this.memory, at, table.entryBytes, shape)
    return at !== undefined
  }

  #clearEntry(vpe: Vpe): void {
    const at = this.version === 'GICv4.1' ? vpeEntryAt(this.memory, this.#tableOf(vpe.rdBase), vpe.vpeid) : undefined
    if (at !== undefined) clearVpeEntry(this.memory, at)
  }
}
