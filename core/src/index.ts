export { NEWEST, type ProfileId, profileIds } from './abi/index.ts'
export { type Finding, problems, type Report, type Verdict } from './audit/index.ts'
export { checkDocument, repairDocument, viewDocument } from './documents/index.ts'
export {
  applyEdits,
  type BlobLike,
  type ByteSource,
  blobSource,
  bytesSource,
  FormatError,
  type MachineFile,
  type OpenOptions,
  type SavedMachine,
} from './formats/index.ts'
export { type Inspection, type InspectOptions, inspect, type OpenMachineOptions, open } from './inspect/index.ts'
export type { RepairOptions, RepairPlan } from './repair/index.ts'
