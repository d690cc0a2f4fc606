/**
 * Nanoseconds that some work takes: by the clock while it is short, because nobody takes the core away meanwhile and CPU time is counted in
 * microseconds; else CPU time of the process, which others on the machine hardly change.
 */
export function timed(work: () => unknown): number {
  const before = process.cpuUsage()
  const start = performance.now()
  work()
  const clock = (performance.now() - start) * 1e6
  if (clock < 1e6) return clock
  const { user, system } = process.cpuUsage(before)
  return (user + system) * 1000
}
