import { type Ran, vits } from '../cli/src/testing/fake-io.ts'
import { recordingPath } from './seeds/answers.ts'
import { seedDocuments } from './seeds/documents.ts'
import { namedTests } from './seeds/named-tests.ts'
import type { AnswerEvidence, CommandEvidence, Evidence, SeedRow } from './seeds/seed-row.ts'

const results = { differs: 'differs', outside: 'not in the model', open: 'not yet' } as const

/** docs/seeds.md: the documents that vits began with, claim by claim, and how one sees that each holds. */
export async function seedsPage(): Promise<string> {
  const ran = new Map<string, Ran>()
  const rows = seedDocuments.flatMap(({ rows }) => Object.values(rows))
  for (const { command } of rows.flatMap(({ by }) => by).filter((one): one is CommandEvidence => 'command' in one)) {
    if (!ran.has(command)) ran.set(command, await vits(command.split(' ')))
  }
  const count = (result: SeedRow['result']) => rows.filter((row) => row.result === result).length
  const sections = seedDocuments.map(
    ({ title, from, rows }) => `## ${title}

${from}.

| | claim | shown by | |
|---|---|---|---|
${Object.entries(rows)
  .map(([number, row]) => line(number, row, ran))
  .join('\n')}
`,
  )
  return `<!-- Printed from scripts/seeds by \`npm run docs\`. -->
# The documents that vits began with, claim by claim

Five mails about KVM's ITS: what each claims, in our words, and what shows that vits does it: a test, a command with what it prints, an
answer of a real kernel in a recording that is played on the model, or words of a page. ${rows.length} rows: ${count(undefined)} work, ${count('differs')} differ
on purpose, not in the model: ${count('outside')}, not yet: ${count('open')}. A test holds that each test, recording and page named here is there; the commands are run when this page
is printed.

${sections.join('\n')}`
}

function line(number: string, { claim, by, result, why }: SeedRow, ran: ReadonlyMap<string, Ran>): string {
  const word = result === undefined ? 'works' : `**${results[result]}**`
  const cells = [claim, by.map((evidence) => shown(evidence, ran)).join('<br>'), why === undefined ? word : `${word}. ${why}`]
  return `| ${number} | ${cells.join(' | ')} |`
}

function shown(evidence: Evidence, ran: ReadonlyMap<string, Ran>): string {
  if ('test' in evidence) {
    const { test, title, of } = evidence
    const name = namedTests(evidence)[0]?.name ?? title
    return `${link(test, test.replace(/^core\/src\//, ''))}: ${cell(name)}${of === undefined ? '' : `, of which ${cell(of)}`}`
  }
  if ('command' in evidence) return `\`vits ${evidence.command}\`: ${printed(evidence, ran.get(evidence.command)!)}`
  if ('recording' in evidence) return answer(evidence)
  return `${link(evidence.file, evidence.file)}: ${cell(evidence.says)}`
}

/** What was asked of a real kernel, and what it answered. */
function answer({ recording, scenario, kernel, after, op, rc, holds }: AnswerEvidence): string {
  const where = [scenario, kernel].filter((word) => word !== undefined).join(' on ')
  const words = [where, after === undefined ? '' : `“${cell(after)}”`, `${op}${rc === undefined ? '' : ` answers ${rc}`}`]
  const seen = holds === undefined ? '' : `, ${cell(plain(holds))}`
  return `${link(recordingPath(recording), recording)}: ${words.filter(Boolean).join(': ')}${seen}`
}

/** A part of a step without its quotes, and of a dump without where it was made. */
const plain = (json: string) =>
  json
    .replace(/","gpa":.*"nonzero":/, ': ')
    .replace(/: {}$/, ': all zeros')
    .replaceAll(/[{}"]/g, '')
    .replace(/\breg:(\w+)(?:,value:)?/, '$1 ')
    .trimEnd()

/** The exit status, and what matched in the output: its groups, where there are any. */
function printed({ command, code, prints }: CommandEvidence, { code: exit, out, err }: Ran): string {
  const match = prints.exec(`${out}${err}`)
  if (match === null || exit !== code)
    throw new Error(`vits ${command} exits ${exit} and does not print ${prints}:\n${out}${err}`)
  const words = match.length > 1 ? match.slice(1).filter((group) => group !== undefined) : [match[0]]
  return `${cell(words.join(' ').replace(/ +/g, ' '))}, exit ${exit}`
}

const link = (path: string, text: string) => `[${text}](${path.startsWith('docs/') ? path.slice('docs/'.length) : `../${path}`})`

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
