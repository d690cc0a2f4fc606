// How fast are commands and MSIs? Guest RAM, tables and mappings as bench/README.md describes; the library and the lean ITS in turn, each
// in a process of its own. Usage: npm run bench -- device [--rounds N]
import { parseArgs } from 'node:util'
import { gateRows } from './testing/gate-rows.ts'
import { full, type Shape } from './testing/guest-shape.ts'
import { fastest, median, ratio, Side, takeTurns } from './testing/turns.ts'
import type { WorkName } from './testing/works.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '25' } } })
const rounds = Number(values.rounds)
type Figures = readonly (readonly number[])[]

console.log('| work, ns: median (fastest) | vits | lean ITS | ratio | target |\n| --- | ---: | ---: | ---: | ---: |')
for (const { title, work, shape, target } of gateRows) {
  if (work !== 'map' && work !== 'msi') continue
  const [ours, lean] = await inTurn(shape, [work])
  console.log(`| ${[title, both(ours!), both(lean!), ratio(ours!, lean!).toFixed(2), target?.toFixed(2) ?? ''].join(' | ')} |`)
}
await printGrowth([1024, 8192, 65536, 262144])

/** The library's figures and the lean ITS's, of one work after another. */
async function inTurn(shape: Shape, works: readonly WorkName[]): Promise<Figures> {
  const sides = [new Side({ subject: 'vits', shape }), new Side({ subject: 'lean', shape })]
  try {
    const figures: (readonly number[])[] = []
    for (const work of works)
      figures.push(
        ...(await takeTurns(
          sides.map((side) => ({ side, work })),
          rounds,
        )),
      )
    return figures
  } finally {
    for (const side of sides) await side.end()
  }
}

async function printGrowth(sizes: readonly number[]): Promise<void> {
  console.log('\n| mappings, 32 a device | MAPD + MAPTI, ns a command | lean ITS | MOVI of a random event, ns | lean ITS |')
  console.log('| ---: | ---: | ---: | ---: | ---: |')
  const all: Figures[] = []
  for (const size of sizes) {
    const figures = await inTurn(full(size / 32, 32), ['map', 'movi'])
    console.log(`| ${[size, ...figures.map(both)].join(' | ')} |`)
    all.push(figures)
  }
  const spread = (column: number) => {
    const least = all.map((figures) => fastest(figures[column]!))
    return (Math.max(...least) / Math.min(...least)).toFixed(2)
  }
  console.log(
    `\nSlowest to fastest size: MAPD + MAPTI ${spread(0)}, lean ITS ${spread(1)}; MOVI ${spread(2)}, lean ITS ${spread(3)}.`,
  )
}

function both(figures: readonly number[]): string {
  return `${median(figures).toFixed(1)} (${fastest(figures).toFixed(1)})`
}
