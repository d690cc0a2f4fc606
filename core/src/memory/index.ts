export { elementAt, named, shown, wholeNumber, word64 } from './arguments.ts'
export { refuseBigEndian } from './byte-order.ts'
export type { ByteTable } from './byte-table.ts'
export type { ReadCursor, ReadonlyWords, WriteCursor } from './cursor.ts'
export {
  attempt,
  type Errno,
  errnoName,
  errnos,
  isKvmError,
  KvmError,
  NotLoadedError,
  type Outcome,
  type Where,
} from './errors.ts'
export { firstPast } from './first-past.ts'
export { coalesce, GPA_LIMIT, type Gpa, type GpaRange, gpa } from './gpa.ts'
export { GuestMemory, type ReadonlyMemory } from './guest-memory.ts'
export { counted, INSPECT, listText, sizeText } from './inspect.ts'
export { LoadableMemory } from './loadable-memory.ts'
export type { Backing, RegionShape } from './region-shape.ts'
export { PAGE_BYTES } from './write-log.ts'
