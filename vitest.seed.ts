import fc from 'fast-check'

/**
 * `npm test` asks the same cases on every run, so that it tells of a change and of nothing else. `npm run test:long` asks others
 * each time; VITS_SEED asks those of a failure again.
 */
const { VITS_SEED, VITS_LONG } = process.env
if (VITS_SEED !== undefined) fc.configureGlobal({ seed: Number(VITS_SEED) })
else if (VITS_LONG === undefined) fc.configureGlobal({ seed: 1 })
