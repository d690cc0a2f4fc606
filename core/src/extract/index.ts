export { copy, scrubInto } from './scrub.ts'
