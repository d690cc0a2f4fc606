/** The rooms of core whose tests are tried: what decides about a guest's interrupts, and what reads files of others. */
export const rooms = ['seal', 'repair', 'audit', 'formats']

/** Per cent of the mutants that the tests of a room have to find. */
export const goal = 85

/** How many of a report's mutants came to which end, and per cent found: killed, or stopped when they ran without end. */
export function scoreOf({ files }) {
  const counts = { Killed: 0, Timeout: 0, Survived: 0, NoCoverage: 0, RuntimeError: 0, Ignored: 0 }
  for (const { mutants } of Object.values(files)) for (const { status } of mutants) counts[status]++
  const { Killed: killed, Timeout: timedOut, Survived: survived, NoCoverage: uncovered, RuntimeError: unasked } = counts
  const tried = killed + timedOut + survived + uncovered
  return { killed, timedOut, survived, uncovered, unasked, tried, score: tried === 0 ? 100 : (100 * (killed + timedOut)) / tried }
}
