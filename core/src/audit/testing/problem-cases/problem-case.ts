import type { Gpa } from '../../../memory/index.ts'
import type { ProblemCode, Severity } from '../../index.ts'
import { LPI_CONFIGURATION, PlantedVm, pendingTable } from '../planted-vm.ts'

/** Two live devices with two events each, saved. */
export const healthy = (options = {}) =>
  new PlantedVm(options)
    .map(16, { 0: [8192, 0], 1: [8193, 1] })
    .map(24, { 0: [8194, 0], 2: [8195, 1] })
    .save()

/** As `healthy`, and a device that was saved once and unmapped since. */
export const withOrphan = (deviceId: number, events: Readonly<Record<number, readonly [number, number]>>, options = {}) =>
  new PlantedVm(options)
    .map(deviceId, events)
    .save()
    .unmap(deviceId)
    .map(16, { 0: [8192, 0], 1: [8193, 1] })
    .map(24, { 0: [8194, 0], 2: [8195, 1] })
    .save()

/** What the guest's kernel has of its redistributors is known: the tables that they have in these VMs. */
export function knownRedistributors(vm: PlantedVm): PlantedVm {
  const vcpus = vm.redistributors.map(({ vcpuId }) => ({
    vcpuId,
    at: (0x4200_0010 + vcpuId * 0x1000) as Gpa,
    frame: (0x80a_0000 + vcpuId * 0x2_0000) as Gpa,
    pendingTable: pendingTable(vcpuId),
  }))
  const configuration = { at: 0x4210_0008 as Gpa, table: LPI_CONFIGURATION as Gpa }
  return Object.assign(vm, { more: { ...vm.more, guestRedistributors: { found: { vcpus, configuration } } } })
}

/** Every vCPU has the registers of the first, as Cloud Hypervisor saved them. */
export function copied(vm: PlantedVm): PlantedVm {
  vm.withRegistersOfFirst()
  vm.redistributors = vm.redistributors.map((one) => (one.vcpuId === 0 ? one : { ...one, copyOf: 0 }))
  return vm
}

/** A VM that has a problem. */
export interface ProblemCase {
  readonly code: ProblemCode
  readonly when: string
  readonly severity: Severity
  readonly vm: () => PlantedVm
  readonly errno?: string
  readonly deviceId?: number
  readonly eventId?: number
  readonly confidence?: string
  /** Its writes mend it. */
  readonly mends?: true
}

/** An address that is not in the RAM of these VMs. */
export const outside = 0x3000_0000
