import { readFileSync } from 'node:fs'
import { type LawResults, lawsFile } from '../../core/src/testing/laws/results.ts'
import { number } from './numbers.ts'

/** What came of checks, witnesses, wary restores and repairs of the saved VMs of a scope, beside the true history of each. */
export function lawsText(): string {
  const { scope, images, every, everyCut, otherHistories, laws, cpuSeconds, command } = JSON.parse(
    readFileSync(lawsFile, 'utf8'),
  ) as LawResults
  return `## Checks, witnesses, wary restores and repairs

Of the ${number(images)} saved VMs of \`${scope}\`, ${every === 1 ? 'each' : `each ${every}th`} was checked, restored warily and repaired as a file would be whose
guest nobody knows, and the answers held to what its guest has in truth: with the whole history in the command queue, with its beginning overwritten (of each
${everyCut}nd at every place, of the others at one), and with a queue that is missing. The history is the shortest that leads there; the saved VMs of
${number(otherHistories)} random histories of up to 40 steps were asked besides. On trust: a mapping that nobody knows, which is said. Perhaps: what nobody knows and no restore reaches may be lost. \`npm run test:every\` asks some, and
samples of ten other scopes; \`npm run test:long\` all and more. \`${command}\`, ${cpuSeconds} CPU seconds.

${laws.map(lawText).join('\n')}`
}

function lawText({ name, claim, asked, contradictions, otherWays, counts }: LawResults['laws'][number]): string {
  const rows = Object.entries(counts).map(([what, count]) => `| ${what} | ${number(count)} |`)
  return `### ${name.charAt(0).toUpperCase()}${name.slice(1)}

${claim.charAt(0).toUpperCase()}${claim.slice(1)}. ${number(asked)} asked, ${contradicting(contradictions)}; of random
histories ${number(otherWays.asked)}, ${contradicting(otherWays.contradictions)}.

| queue, and what came of it | how often |
|---|---:|
${rows.join('\n')}
`
}

const contradicting = (count: number): string => (count === 0 ? 'none contradicts it' : `${count} contradict it`)
