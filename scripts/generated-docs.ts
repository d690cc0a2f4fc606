import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { headings, type ProblemCode, problems, ruleNames, ruleRow, type WitnessName } from '@vits/core/audit'
import { knownFormats } from '@vits/core/formats'
import { curvesMarkdown, curvesPlot } from '../bench/testing/curves-page.ts'
import { gateMarkdown } from '../bench/testing/gate-rows.ts'
import { checkFormats } from '../cli/src/check/formats.ts'
import { ExitCode, exitMeanings } from '../cli/src/exit-code.ts'
import { usages } from '../cli/src/usage/index.ts'
import { recordReports } from '../core/src/audit/testing/reports.ts'
import { recordRefusals } from '../core/src/formats/testing/refusals.ts'
import { recordPlans } from '../core/src/repair/testing/plans.ts'
import { apiPages } from './api-report.ts'
import { askedPage } from './asked-page.ts'
import type { GeneratedDoc } from './generated-doc.ts'
import { journeysPage } from './journeys-page.ts'
import { schemaFiles } from './json-schemas.ts'
import { kernelsPage } from './kernels-page.ts'
import { kvmPages } from './kvm-pages.ts'
import { installedFiles } from './man-pages.ts'
import { messagesPage, messagesTo } from './messages-page.ts'
import { fuzzTable } from './robustness-page.ts'
import { scopePage } from './scope-page.ts'
import { seedsPage } from './seeds-page.ts'
import { asNamed, Session, withBlock, withSessions } from './session.ts'

const codes = Object.keys(problems) as ProblemCode[]

/** Everything that nobody writes by hand. */
export const generatedDocs: readonly GeneratedDoc[] = [
  { path: 'docs/problems/README.md', content: problemList },
  ...codes.map((code) => ({ path: `docs/problems/${code}.md`, content: () => problemPage(code) })),
  { path: 'docs/journeys.md', content: journeysPage },
  { path: 'docs/messages.md', content: messagesPage },
  { path: 'docs/kernels.md', content: kernelsPage },
  { path: 'docs/asked.md', content: askedPage },
  { path: 'docs/mutants.md', content: mutantsPage },
  { path: 'docs/scope.md', content: scopePage },
  { path: 'docs/seeds.md', content: seedsPage },
  { path: 'core/src/audit/testing/reports.txt', content: recordReports },
  { path: 'core/src/formats/testing/refusals.txt', content: recordRefusals },
  { path: 'core/src/repair/testing/plans.txt', content: recordPlans },
  { path: 'ARCHITECTURE.md', content: () => withBlock(readFileSync('ARCHITECTURE.md', 'utf8'), 'import-law', importLaw()) },
  {
    path: 'docs/robustness.md',
    content: () => withBlock(readFileSync('docs/robustness.md', 'utf8'), 'fuzz-results', `\n${fuzzTable()}\n`),
  },
  { path: 'docs/guests.md', content: () => withBlock(readFileSync('docs/guests.md', 'utf8'), 'witness-rules', witnessTables()) },
  {
    path: 'docs/formats/README.md',
    content: () => withBlock(readFileSync('docs/formats/README.md', 'utf8'), 'formats', formatTable()),
  },
  { path: 'README.md', content: readme },
  {
    path: 'docs/many-files.md',
    content: () => withBlock(readFileSync('docs/many-files.md', 'utf8'), 'check-formats', checkFormatTable()),
  },
  {
    path: 'bench/README.md',
    content: () =>
      withBlock(withBlock(readFileSync('bench/README.md', 'utf8'), 'gate', gateMarkdown()), 'curves', curvesMarkdown()),
  },
  { path: 'bench/curves.svg', content: curvesPlot },
  { path: 'docs/json.md', content: () => withBlock(readFileSync('docs/json.md', 'utf8'), 'exits', exitTable()) },
  { path: 'core/README.md', content: coreReadme },
  ...apiPages,
  ...kvmPages,
  ...schemaFiles,
  ...installedFiles,
]

/** For a page that needs the compiler, or a hundred commands. */
export const takesLong = (path: string): boolean => /^(docs\/api\/|core\/schema\/|docs\/seeds\.md)/.test(path)

const notice = '<!-- Printed from core/src/audit/problems by `npm run docs`. -->'

function problemPage(code: ProblemCode): string {
  const { slug, usually, help } = problems[code]
  const parts = headings.map(([key, heading]) => `**${heading}.** ${help[key]}\n`)
  return `${notice}\n# ${code} ${slug}\n\nUsually: ${usually}. What it does in a given VM is measured by \`vits check\`.\n\n${parts.join('\n')}${messagesTo(code)}`
}

function mutantsPage(): string {
  const print = "import { mutantsPage } from './scripts/mutants/page.mjs'; process.stdout.write(mutantsPage())"
  return execFileSync(process.execPath, ['--input-type=module', '-e', print], { encoding: 'utf8' })
}

function problemList(): string {
  const rows = codes.map(
    (code) => `| [${code}](${code}.md) | ${problems[code].slug} | ${problems[code].usually} | ${problems[code].help.what} |`,
  )
  return `${notice}
# Problems

Letter = where: R registers, C collections, D device table, I interrupt translation tables, L LPI tables, Q command queue, M the
saved file. A code stays for ever; \`vits explain CODE\` prints the same text.

*fails*: the restore fails. *corrupts*: it succeeds and the guest loses, gains or misdirects interrupts. *latent*: no harm now.
*note*: bounds what the report can say.

| code | slug | usually | what |
|---|---|---|---|
${rows.join('\n')}
`
}

/** The formats that are read, as `vits formats` lists them. */
function formatTable(): string {
  const rows = knownFormats.map(({ what, writtenBy, toldBy, writtenBack, witnesses, heldAgainst, page }) => {
    const cells = [`[${what}](${page})`, writtenBy, `\`${toldBy}\``, writtenBack, witnesses, heldAgainst]
    return `| ${cells.join(' | ')} |`
  })
  const heading = '| format | written by | told by | written back | witnesses | held against |'
  return `\n${[heading, heading.replace(/ [^|]+ /g, '---'), ...rows].join('\n')}\n`
}

/** The import law as a table, from the file that dependency-cruiser enforces. */
function importLaw(): string {
  const { law } = createRequire(import.meta.url)('../import-law.cjs') as { law: Readonly<Record<string, readonly string[]>> }
  const rows = Object.entries(law).map(
    ([room, may]) => `| \`${room}\` | ${may.length === 0 ? 'nothing' : may.map((name) => `\`${name}\``).join(' ')} |`,
  )
  return `| room of core | may import |\n|---|---|\n${rows.join('\n')}`
}

const witnesses: Readonly<Record<WitnessName, string>> = {
  'command queue': 'The command queue',
  'PCI state': 'PCI functions',
  'guest kernel': 'The guest’s kernel',
  debugfs: 'KVM’s debugfs',
  chain: 'Chains',
  'LPI configuration': 'LPI configuration',
  tables: 'Tables',
  file: 'The file',
  virtqueue: 'Virtqueues',
  'pending table': 'Pending tables',
  'vCPU state': 'vCPUs',
}

/** The rules of each witness, from the catalogue that decides. */
function witnessTables(): string {
  const tables = Object.entries(witnesses).map(([witness, heading]) => {
    const rows = ruleNames.filter((name) => ruleRow(name).witness === witness).map(ruleLine)
    return `### ${heading}\n\n| rule | says | when | limit | guests and machines | source |\n|---|---|---|---|---|---|\n${rows.join('\n')}\n`
  })
  return `\n${tables.join('\n')}`
}

function ruleLine(name: (typeof ruleNames)[number]): string {
  const { says, weak, when, limit, holds, source } = ruleRow(name)
  return `| **${name}** | ${says}${weak === true ? ', weak' : ''} | ${[when, limit, holds, source].join(' | ')} |`
}

/** The README with its command list and with what the program prints today for each session it shows. */
async function readme(): Promise<string> {
  let text = withBlock(readFileSync('README.md', 'utf8'), 'commands', commandList())
  text = withBlock(text, 'exits', exitTable())
  return withSessions(text, new Session(asNamed('scattered-unrestorable.mig', 'lost-split.vits', 'restore-ctlr-first.jsonl')))
}

/** The library's README with each example program and what it prints. */
function coreReadme(): string {
  let text = readFileSync('core/README.md', 'utf8')
  const names = [...text.matchAll(/<!-- example: (.*) -->/g)].map(([, name]) => name!)
  const paths = names.map((name) => `./examples/${name}.ts`)
  const runAll = `for (const path of ${JSON.stringify(paths)}) { await import(path); console.log('\\0') }`
  const printed = execFileSync('node_modules/.bin/tsx', ['--input-type=module', '-e', runAll], { encoding: 'utf8' }).split('\0\n')
  for (const [i, name] of names.entries()) {
    const block = `\n\`\`\`ts\n${readFileSync(paths[i]!, 'utf8')}\`\`\`\n\n\`\`\`\n${printed[i]}\`\`\`\n`
    text = withBlock(text, `example: ${name}`, block, 'example')
  }
  return text
}

/** What `vits check --format` takes. */
function checkFormatTable(): string {
  const rows = Object.entries(checkFormats).map(([name, words]) => `| \`${name}\` | ${words} |`)
  return `| \`--format\` | |\n|---|---|\n${rows.join('\n')}`
}

/** What the bits of the exit status say. */
function exitTable(): string {
  const rows = Object.entries(ExitCode).map(([name, bit]) => `| ${bit} | ${exitMeanings[name as keyof typeof ExitCode]} |`)
  return `| bit | |\n|---|---|\n${rows.join('\n')}`
}

function commandList(): string {
  return `| command | what it does |\n|---|---|\n${usages.map(({ name, summary }) => `| \`${name}\` | ${summary} |`).join('\n')}`
}
