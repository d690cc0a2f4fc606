export { scrubInto } from './scrub.ts'
