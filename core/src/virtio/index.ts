export {
  hasFeature,
  type PackedPosition,
  type RingInRam,
  type RingPage,
  type RingPlace,
  VIRTIO_F,
  VIRTIO_STATUS_DRIVER_OK,
  type VirtioDevice,
  type Virtqueue,
} from './device.ts'
export { type EventOfVector, type EventRole, eventOfVector, eventRoles, type MsixFunctions, msixFunctions } from './event-role.ts'
export { type QueueRole, queueRole, type VirtioKind, virtioKind, virtioKindNames } from './kinds.ts'
export { readRing, ringWords } from './ring.ts'
export type { Asked, RingState, Unjudged } from './ring-state.ts'
