// Asks the laws of repairs, witnesses, wary restores and checks of every saved VM of a small scope, and writes what came of it for docs/scope.md.
import { writeFileSync } from 'node:fs'
import { scopes } from '../core/src/scope/index.ts'
import { askLaws, askOtherWays, lawNames, lawsFor } from '../core/src/testing/laws/ask-laws.ts'
import { Restorers } from '../core/src/testing/laws/restorers.ts'
import { type LawResults, lawsFile } from '../core/src/testing/laws/results.ts'

/** Each n-th image, n as asked for, else every one; of each 32nd of them the queue is cut at every place. */
const density = { every: Number(process.argv[2] ?? 1), everyCut: 32 }
const scope = 'keeping'
/** Besides, saved VMs of so many random histories. */
const otherHistories = Math.ceil(5000 / density.every)

const before = process.cpuUsage()
const { explored, asked } = askLaws(scopes[scope], density)
const others = askOtherWays(scopes[scope], otherHistories, 1)
const { user, system } = process.cpuUsage(before)
const claims = lawsFor(new Restorers(scopes[scope]))
const { images, states, ended, depth } = explored
const results: LawResults = {
  command: density.every === 1 ? 'npm run scope:laws' : `npm run scope:laws -- ${density.every}`,
  scope,
  images,
  states,
  ended,
  depth,
  ...density,
  otherHistories,
  cpuSeconds: Math.round((user + system) / 1e6),
  laws: lawNames.map((name) => {
    const { counts, contradictions, asked: vms } = asked[name]
    return {
      name,
      claim: claims[name].claim,
      asked: vms,
      contradictions,
      otherWays: { asked: others[name].asked, contradictions: others[name].contradictions },
      counts: Object.fromEntries([...counts].sort()),
    }
  }),
}
writeFileSync(lawsFile, `${JSON.stringify(results, undefined, 2)}\n`)
for (const name of lawNames) for (const says of [...asked[name].first, ...others[name].first]) console.log(`${name}: ${says}`)
