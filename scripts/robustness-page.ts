import { readResults } from '../fuzz/results.ts'
import { targets } from '../fuzz/targets/index.ts'

const number = (value: number) => value.toLocaleString('en')

/** What came of the last long run of the fuzzers, target by target. */
export function fuzzTable(): string {
  const { seeds, tallies, failures, peakRss, node } = readResults()
  const rows = targets.flatMap(({ name, what }) => {
    const row = tallies.find(({ target }) => target === name)
    if (row === undefined) return []
    const counts = [row.mutants, row.refused, row.answered, row.repaired].map(number).join(' | ')
    return [`| ${name} | ${what} | ${counts} | **${row.failed}** | ${Math.round(row.slowest.ms)} ms, seed ${row.slowest.seed} |`]
  })
  const sum = (of: (row: (typeof tallies)[number]) => number) => number(tallies.reduce((total, row) => total + of(row), 0))
  const total = [sum((row) => row.mutants), sum((row) => row.refused), sum((row) => row.answered), sum((row) => row.repaired)]
  const ranges = seeds.map(([first, last]) => `${number(first)} to ${number(last)}`).join(', ')
  const minutes = Math.round(tallies.reduce((all, { seconds }) => all + seconds, 0) / 60)
  return `| target | what is changed | mutants | refused | answered | repaired too | failed | slowest |
|---|---|---|---|---|---|---|---|
${rows.join('\n')}
| all | | ${total.join(' | ')} | **${failures.length}** | |

Seeds ${ranges}; ${number(minutes)} minutes of processor time on a machine that had other work, Node ${node}. The process that took most memory had
${peakRss.mib} MiB, the program and the seed corpus included.`
}
