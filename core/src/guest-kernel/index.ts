export { KernelDevice } from './device-list.ts'
export {
  allocatedEvents,
  type GuestKernel,
  type KernelIts,
  type KernelOutcome,
  type NoKernelIts,
  readGuestKernel,
} from './guest-kernel.ts'
export type { DevicesOfItt } from './probe.ts'
export type { GuestRam } from './ram-reader.ts'
export type { KernelRedistributor, KernelRedistributors, RedistributorOutcome } from './redistributors.ts'
export { type FindRegistersOptions, findRegisters, type RegistersOutcome } from './registers.ts'
