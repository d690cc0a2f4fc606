// docs/mutants.md: what the tests of each room find, and which mutants they may miss.
import { readFileSync } from 'node:fs'
import { unpackMutant } from './results.mjs'
import { goal, rooms, scoreOf } from './score.mjs'

/** Survivors that are left on purpose: `{ reason, mutants: [{ file, code, becomes }] }`, `code` a line of the file. */
const accepted = () => JSON.parse(readFileSync('scripts/mutants/accepted.json', 'utf8'))

const quoted = (code) => code.replaceAll('|', '\\|')

/** The page, from the committed results of each room. */
export function mutantsPage(readResults) {
  const rows = rooms.map((room) => row(room, readResults(room)))
  return `# Mutants

\`npm run test:mutants\` changes one operator, condition, call or block of the code at a time and asks the tests of its room
whether they notice: a *mutant* that no test fails for *survives*. The goal is ${goal} % found in each room. \`.ci/run\` asks what
changed since the results were committed, for eight minutes at most, and says so when that was too short.

| room | mutants | killed | timed out | survived | no coverage | found |
|---|---|---|---|---|---|---|
${rows.join('\n')}

\`npm run test:mutants -- audit\` asks again what changed in one room, lists its survivors and writes its figures here;
\`--fresh\` forgets what was known. What each mutant came to is in \`scripts/mutants/results\`.

What is not asked:

* Text is not mutated: most of it is prose for people.
* Code that only runs while a module loads (tables of problems, layouts) is not mutated: each mutant would need a new process.
* A mutant gets 1.5 seconds of processor time, the most promising tests first; one that outlives them counts as survivor though a slower
  test might kill it. \`hostile.test.ts\` and \`histories.test.ts\` are not asked: they are slow on purpose. So the figures are lower
  bounds.
* Only the room's own tests are asked, not those of rooms above it.

## Survivors that stay

${accepted().map(group).join('\n')}`
}

function row(room, { files }) {
  const all = Object.values(files).map(({ mutants }) => ({ mutants: mutants.map((mutant) => unpackMutant(mutant, '')) }))
  const { tried, killed, timedOut, survived, uncovered, score } = scoreOf({ files: all })
  return `| \`${room}\` | ${tried} | ${killed} | ${timedOut} | ${survived} | ${uncovered} | ${score.toFixed(1)} % |`
}

function group({ reason, mutants }) {
  const lines = mutants.map(({ file, code, becomes }) => `  * \`${file}\`: \`${quoted(code)}\` → \`${quoted(becomes)}\``)
  return `* ${reason}\n${lines.join('\n')}\n`
}
