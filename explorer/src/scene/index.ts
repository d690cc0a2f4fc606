export { type Chain, chainOf, type Link } from './chain.ts'
export { type Changes, changesBetween } from './changes.ts'
export { type DeviceRows, deviceRows, type Page, type Row } from './device-rows.ts'
export { cellAt, type EventColumns } from './event-columns.ts'
export {
  type Facts,
  type FileFacts,
  factsOf,
  fileFacts,
  type KernelChip,
  kernelChips,
  kernelNames,
  type PlanFacts,
  planFacts,
} from './facts.ts'
export { type Fate, fateNames, fates } from './fates.ts'
export { type GuestMoment, guestAfter, type Timeline, timelineOf } from './timeline.ts'
export { type FindingWords, type Reason, reasonsOf, type Trap, trapOf } from './why.ts'
