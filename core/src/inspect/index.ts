export { type Inspection, type InspectOptions, inspect } from './inspection.ts'
export type { Loaded } from './loading.ts'
export { type OpenMachineOptions, open } from './open.ts'
