import { GICR_CTLR, GICR_PENDBASER, ID_LIMIT, itsCount } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { pendingBit, pendingLpis, type Unread } from '../tables/index.ts'
import { orphansOf } from './passes/orphans.ts'
import type { Scene } from './scene.ts'

/** The pending table of one vCPU. */
export interface VcpuPending {
  readonly vcpuId: number
  /** GICR_CTLR.EnableLPIs. */
  readonly isEnabled: boolean
  readonly table: Gpa
  /** Why nothing is known of what is pending there. */
  readonly unread: Unread | undefined
  /** The LPIs whose bits are set, in order. */
  readonly lpis: readonly number[]
  /** Those of them that are no event's, or another vCPU's; empty where not every event of the VM is known. */
  readonly strays: readonly StrayBit[]
}

/** A pending bit that no restore reads. */
export interface StrayBit {
  readonly lpi: number
  /** The vCPU to which an event sends this LPI, and on which it is not pending; undefined where there is none. */
  readonly target: number | undefined
}

/** What is pending on each vCPU of a VM. */
export interface PendingState {
  /** In the order of the redistributors. */
  readonly vcpus: readonly VcpuPending[]
  /** Every event of the VM is known, so that a stray bit can be told. */
  readonly isWhole: boolean
}

/** What is pending in the VM of a scene. LPIs are the whole VM's: an event of any ITS may have one. */
export const pendingState = ({ vm }: Scene): PendingState => vm[0]!.once(survey)

function survey(scene: Scene): PendingState {
  const { memory, registers, vm } = scene
  const isWhole = vm.length === itsCount(registers) && vm.every(({ isCut, unread }) => !isCut && unread.count === 0)
  const tables = registers.redistributors.map(({ vcpuId, ctlr, pendbaser }) => ({
    vcpuId,
    isEnabled: GICR_CTLR.decode(ctlr, 0).enableLpis,
    table: GICR_PENDBASER.unpack(pendbaser).address as Gpa,
    ...pendingLpis(memory, pendbaser),
  }))
  const isTold = isWhole && tables.some(({ lpis }) => lpis.length > 0)
  const targets = isTold ? targetsOf(vm) : new Map<number, ReadonlySet<number>>()
  const straysOn = (vcpuId: number, lpis: readonly number[]): StrayBit[] =>
    lpis
      .filter((lpi) => targets.get(lpi)?.has(vcpuId) !== true)
      .map((lpi) => {
        const isClear = (target: number) => pendingBit(memory, registers, target, lpi)?.isSet === false
        return { lpi, target: [...(targets.get(lpi) ?? [])].find(isClear) }
      })
  return { vcpus: tables.map((one) => ({ ...one, strays: isTold ? straysOn(one.vcpuId, one.lpis) : [] })), isWhole }
}

/** LPI to the vCPUs to which events send it: those of the tables that are not dead, and those that the guest has mapped. */
export function targetsOf(vm: readonly Scene[]): ReadonlyMap<number, ReadonlySet<number>> {
  const found = new Map<number, Set<number>>()
  const add = (lpi: number, vcpuId: number): void => {
    if (lpi >= ID_LIMIT) return
    const vcpus = found.get(lpi)
    if (vcpus === undefined) found.set(lpi, new Set([vcpuId]))
    else vcpus.add(vcpuId)
  }
  for (const scene of vm) {
    for (const { lpi, vcpuId } of eventsOf(scene)) if (vcpuId !== undefined) add(lpi, vcpuId)
  }
  return found
}

interface Sent {
  readonly lpi: number
  readonly vcpuId: number | undefined
}

function* eventsOf(scene: Scene): Generator<Sent> {
  const { tables, beliefs } = scene
  const { devices, events, collections } = tables.mappings
  const { orphans } = orphansOf(scene)
  for (const { deviceId, first, count } of devices) {
    for (let row = first; row < first + count; row++) {
      if (orphans.hasEvent(deviceId, events.eventId[row]!)) continue
      yield { lpi: events.lpi[row]!, vcpuId: collections.get(events.icid[row]!) }
    }
  }
  for (const [deviceId, eventId] of beliefs.live.events()) {
    if (tables.mappings.row(deviceId, eventId) >= 0) continue
    const { lpi, icid } = beliefs.target(deviceId, eventId)
    if (lpi !== undefined && icid !== undefined) yield { lpi, vcpuId: targetVcpu(scene, icid) }
  }
}

/** The vCPU that a collection names: in the tables, or where they do not have it, in the command queue. */
export const targetVcpu = ({ tables, beliefs }: Scene, icid: number): number | undefined =>
  tables.mappings.collections.get(icid) ?? beliefs.history.collections.get(icid)?.rdBase
