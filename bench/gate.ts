// Is any row slower than it was, measured against what does not change? Ratios to the lean ITS, and to reading and writing RAM once, against
// those accepted in gate.json. A row that is 15 % worse is measured again, at most twice; one that stays so fails, and is named.
// Usage: npm run bench:gate -- [--rows TEXT] [--accept]; TEXT chooses the rows that have it in their title, --accept keeps what was measured.
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { type Accepted, acceptedGate, type GateRow, gatePlace, gateRows, otherName, timeText } from './testing/gate-rows.ts'
import { median, Side, takeTurns } from './testing/turns.ts'

const ALLOWED = 1.15
const TRIES = 3
/** Rounds of each pair of processes, and how many pairs: two processes of one program differ by more than two rounds of one process. */
const ROUNDS = 9
const PAIRS = 3

const { values } = parseArgs({ options: { rows: { type: 'string', default: '' }, accept: { type: 'boolean', default: false } } })
const accepted = acceptedGate().rows
const chosen = gateRows.filter(({ title }) => title.toLowerCase().includes(values.rows.toLowerCase()))
if (chosen.length === 0) throw new Error(`no row has ${values.rows} in its title`)
const measured: Record<string, Accepted> = {}
const worse: string[] = []

console.log('| work | beside | vits | the other | ratio | accepted | target |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |')
for (const row of chosen) await judge(row)
if (values.accept) accept()
else if (worse.length > 0) {
  console.log(`\nMore than 15 % worse than accepted, or not accepted:\n${worse.join('\n')}`)
  process.exitCode = 1
}

async function judge(row: GateRow): Promise<void> {
  const before = accepted[row.title]
  const limit = values.accept || before === undefined ? Infinity : before.ratio * ALLOWED
  let best = await measure(row)
  for (let tries = 1; tries < TRIES && best.ratio > limit; tries++) {
    const again = await measure(row)
    if (again.ratio < best.ratio) best = again
  }
  measured[row.title] = best
  const cells = [timeText(best.ours), timeText(best.others), best.ratio.toFixed(2), before?.ratio.toFixed(2) ?? 'none']
  console.log(`| ${[row.title, otherName(row), ...cells, row.target?.toFixed(2) ?? ''].join(' | ')} |`)
  if (before === undefined && !values.accept) worse.push(`${row.title}: never accepted`)
  if (best.ratio > limit) worse.push(`${row.title}: ${best.ratio.toFixed(2)}, accepted ${before!.ratio.toFixed(2)}`)
}

/** The faster processes of each side, by their medians: V8 makes code of one program that is a fifth slower in some processes than in others. */
async function measure(row: GateRow): Promise<Accepted> {
  // What takes gigabytes of RAM is done by memcmp and memset, and the code around them matters less.
  const pairs = row.shape.bits >= 16 && row.shape.devices > 1 ? 1 : PAIRS
  const figures: Medians[] = []
  for (let n = 0; n < pairs; n++) figures.push(await measurePair(row))
  const ours = Math.min(...figures.map((pair) => pair.ours))
  const others = Math.min(...figures.map((pair) => pair.others))
  return { ours, others, ratio: ours / others }
}

type Medians = Pick<Accepted, 'ours' | 'others'>

async function measurePair({ shape, work, beside }: GateRow): Promise<Medians> {
  const side = new Side({ subject: 'vits', shape })
  const other = beside.subject === 'vits' ? side : new Side({ subject: beside.subject, shape })
  try {
    const turns = [
      { side, work },
      { side: other, work: beside.work },
    ]
    const [ours, others] = await takeTurns(turns, ROUNDS)
    return { ours: median(ours!), others: median(others!) }
  } finally {
    await side.end()
    if (other !== side) await other.end()
  }
}

/** Rows that were not measured stay as they were. */
function accept(): void {
  const rows = Object.fromEntries(
    gateRows.flatMap(({ title }) => {
      const row = measured[title] ?? accepted[title]
      return row === undefined ? [] : [[title, rounded(row)]]
    }),
  )
  const machine = `${cpus()[0]!.model.trim()}, ${cpus().length} cores, Node ${process.versions.node}.`
  writeFileSync(gatePlace, `${JSON.stringify({ machine, rows }, null, 2)}\n`)
  console.log('\naccepted; npm run docs prints it into bench/README.md')
}

function rounded({ ours, others, ratio: times }: Accepted): Accepted {
  const digits = (figure: number) => Number(figure.toPrecision(4))
  return { ours: digits(ours), others: digits(others), ratio: digits(times) }
}
