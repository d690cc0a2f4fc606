export { caseFootprint } from './footprint.ts'
export { scrubInto } from './scrub.ts'
