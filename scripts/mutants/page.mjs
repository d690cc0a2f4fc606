// docs/mutants.md: what the tests of each room find, and which mutants they may miss.
import { readFileSync } from 'node:fs'
import { blobOf, committed, readResults } from './results.mjs'
import { goal, rooms, scoreOf } from './score.mjs'

/** Survivors that stay: `{ reason, mutants: [{ file, code, becomes }] }`; `code` is the line, `becomes` what replaces a part of it. */
const accepted = JSON.parse(readFileSync('scripts/mutants/accepted.json', 'utf8'))

/** The page, from the committed results of each room. */
export function mutantsPage() {
  const results = Object.fromEntries(rooms.map((room) => [room, readResults(room)]))
  return `<!-- Printed from scripts/mutants by \`npm run docs\`. -->
# Mutants

\`npm run test:mutants\` changes one operator, condition, call or block of the code at a time and asks the tests of its room
whether they notice: a *mutant* that no test fails for *survives*. The goal is ${goal} % found in each room. \`.ci/run\` asks what
changed since the results were committed, for six minutes at most, and says so when that was too short.

| room | mutants asked | killed | timed out | survived | no coverage | found | not asked yet |
|---|---|---|---|---|---|---|---|
${rooms.map((room) => row(room, [committed(room)])).join('\n')}
${row('all', rooms.map(committed))}

\`npm run test:mutants -- audit\` asks again what changed in one room, lists its survivors and writes its figures here;
\`--fresh\` forgets what was known. What each mutant came to stands in \`scripts/mutants/results\`, one line each.

What is not asked:

* Text is not mutated: most of it is prose for people.
* Code that only runs while a module loads (the tables of problems, layouts) is not mutated: each mutant would need a new process.
* A mutant gets 3 seconds of processor time, the most promising tests first: one that outlives them counts as survivor though a
  slower test might kill it. \`hostile.test.ts\` and \`histories.test.ts\` are not asked: they are slow on purpose.
* Only the room's own tests are asked, not those of the rooms above it.

So the figures are lower bounds. What no test reaches is known of a whole room at once: where mutants are left to be asked, the share
found is lower than it will be.

## Survivors that stay

${accepted.map((group) => groupText(group, results)).join('\n')}`
}

function row(name, reports) {
  const unasked = reports.reduce((sum, one) => sum + one.unasked, 0)
  const files = Object.assign({}, ...reports.map((one) => one.files))
  const { tried, killed, timedOut, survived, uncovered, score } = scoreOf({ files })
  const found = tried === 0 ? '' : `${score.toFixed(1)} %`
  return `| ${name} | ${tried} | ${killed} | ${timedOut} | ${survived} | ${uncovered} | ${found} | ${unasked} |`
}

function groupText({ reason, mutants }, results) {
  const lines = mutants.map((mutant) => {
    if (!survives(mutant, results))
      throw new Error(`accepted.json lists a mutant that is none, or is found: ${JSON.stringify(mutant)}`)
    const { file, code, becomes } = mutant
    return `  * \`${file}\`: \`${code}\` → \`${becomes}\``
  })
  return `* ${reason}\n${lines.join('\n')}\n`
}

/** False when a mutant need not be listed; true as well when its file has changed since it was asked about. */
function survives({ file, code, becomes }, results) {
  const text = readFileSync(file, 'utf8')
  const { blob, mutants } = results[file.split('/')[2]].files[file] ?? {}
  if (blob !== blobOf(text)) return true
  const lines = text.split('\n')
  return mutants.some(([where, , replacement, status]) => {
    const line = lines[where.split(':')[0] - 1].trim()
    return line === code && replacement === becomes && (status === 'Survived' || status === 'NoCoverage')
  })
}
