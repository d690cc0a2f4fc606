// How fast are the tables saved and restored? The library, beside the lean ITS in a process of its own, and beside RAM that is read once.
// Usage: npm run bench -- tables [--bits 5,8,12,13,16] [--rounds N]
import { execFileSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { Guest } from './testing/guest.ts'
import { full, type Shape } from './testing/guest-shape.ts'
import { fastest, median, Side, takeTurns } from './testing/turns.ts'
import { type SubjectName, subjects, type WorkName } from './testing/works.ts'

/** With larger ITTs the lean ITS would need as many gigabytes as the library, at the same time. */
const LEAN_BITS = 13

const { values } = parseArgs({
  options: {
    bits: { type: 'string', default: '5,8,12,13,16' },
    rounds: { type: 'string', default: '15' },
    first: { type: 'string' },
    subject: { type: 'string', default: 'vits' },
  },
})
const rounds = Number(values.rounds)

if (values.first !== undefined) firstRestore(values.subject as SubjectName, values.first === 'heads')
else {
  await seedRows(values.bits.split(',').map(Number))
  await scaleRows()
  coldRows()
}

/** The figures of some works, one work after another: of each subject that is not left out, in turn. */
async function cells(shape: Shape, names: readonly SubjectName[], works: readonly WorkName[]): Promise<readonly string[]> {
  const sides = names.map((subject) => new Side({ subject, shape }))
  try {
    const columns: string[] = []
    for (const work of works) {
      const turns = sides.map((side) => ({ side, work }))
      columns.push(...(await takeTurns(turns, rounds)).map(both))
    }
    return columns
  } finally {
    for (const side of sides) await side.end()
  }
}

async function seedRows(bits: readonly number[]): Promise<void> {
  console.log('8192 devices, one event at the end of each ITT; ms: median (fastest)\n')
  const withLean = ['save', 'save heads', 'with heads'].flatMap((work) => [work, 'lean ITS'])
  header('ITT', 'restore', 'read once', 'sealed', 'read and written once', 'never written', ...withLean)
  for (const b of bits) {
    const shape = { devices: 8192, events: 1, bits: b }
    const alone = await cells(shape, ['vits'], ['restore', 'read', 'seal', 'read and write'])
    const [unwritten] = await cells(shape, ['sparing'], ['restore'])
    const works = ['save', 'save with heads', 'restore with heads'] as const
    const beside =
      b <= LEAN_BITS
        ? await cells(shape, ['vits', 'lean'], works)
        : (await cells(shape, ['vits'], works)).flatMap((cell) => [cell, ''])
    row(`2^${b} events, ${(8192 * Math.max(256, 8 << b)) / 2 ** 20} MiB`, ...alone, unwritten!, ...beside)
  }
}

async function scaleRows(): Promise<void> {
  console.log('\n32 events a device, ITTs of 2^5; ms: median (fastest)\n')
  header('events', 'save', 'lean ITS', 'restore', 'lean ITS', 'sealed')
  for (const events of [1024, 8192, 65536, 262144]) {
    const shape = full(events / 32, 32)
    row(
      String(events),
      ...(await cells(shape, ['vits', 'lean'], ['save', 'restore'])),
      ...(await cells(shape, ['vits'], ['seal'])),
    )
  }
}

/** The first restore of a fresh process, many times over. */
function coldRows(): void {
  console.log('\nThe first restore of a process, 8192 devices, ITTs of 2^13; ms by the clock, median (fastest) of 5 processes\n')
  header('', 'vits', 'lean ITS')
  for (const heads of ['none', 'heads']) {
    const columns = ['vits', 'lean'].map((subject) => {
      const command = [...process.execArgv, process.argv[1]!, '--first', heads, '--subject', subject]
      return both(Array.from({ length: 5 }, () => Number(execFileSync(process.execPath, command)) * 1e6))
    })
    row(heads === 'none' ? 'without heads' : 'with heads', ...columns)
  }
}

function firstRestore(subject: SubjectName, hasHeads: boolean): void {
  const shape = { devices: 8192, events: 1, bits: 13 }
  const guest = new Guest(subjects[subject](shape), shape)
  guest.mapAll()
  guest.subject.save(hasHeads)
  guest.subject.reset()
  const start = performance.now()
  if (!guest.subject.restore(hasHeads)) throw new Error('the restore has failed')
  console.log(performance.now() - start)
}

function both(figures: readonly number[]): string {
  return `${ms(median(figures))} (${ms(fastest(figures))})`
}

/** Of nanoseconds. */
function ms(time: number): string {
  return (time / 1e6).toFixed(time < 1e7 ? 2 : 0)
}

function row(name: string, ...columns: readonly string[]): void {
  console.log(`| ${name} | ${columns.join(' | ')} |`)
}

/** The first row of a table. */
function header(name: string, ...columns: readonly string[]): void {
  row(name, ...columns)
  row('---', ...columns.map(() => '---:'))
}
