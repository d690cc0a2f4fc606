import type { CheckDocument, UnreadDocument } from '@vits/core/documents'
import { printable } from '../../printable.ts'
import type { Answer, Printer, Run } from '../printer.ts'
import { rowOf, stateWords } from '../row.ts'

/** Of several files, a table of all and a section for each that does not restore; of one, its section. */
export function markdown({ files, version }: Run): Printer {
  const sections: string[] = []
  const isTable = files.length !== 1
  const head = isTable ? '| file | verdict | |\n|---|---|---|\n' : ''
  let open = head
  return {
    answer: (answer) => {
      const { file, state, what } = rowOf(answer.document)
      if (!isTable || state !== 'restores') sections.push(section(answer))
      const before = open
      open = ''
      return isTable ? `${before}| ${code(file)} | ${state} | ${inline(what)} |\n` : ''
    },
    end: () =>
      [
        ...(open === '' ? [] : [open]),
        ...sections.map((text, i) => (isTable || i > 0 ? `\n${text}` : text)),
        `\nvits ${version}\n`,
      ].join(''),
  }
}

function section({ document, report }: Answer): string {
  const body = 'error' in document ? unread(document) : verdict(document)
  return `${body}${report === '' ? '' : `\n<details><summary>The whole report</summary>\n\n${fenced(report)}\n</details>\n`}`
}

const unread = ({ file, verdict, error }: UnreadDocument): string =>
  `### ${code(file)}: ${stateWords[verdict ?? 'unreadable']}\n\n${inline(error.says)}\n`

function verdict(document: CheckDocument): string {
  const { file, headline, format, machine, vcpus, kernel, live, restored, findings, looks, asked } = document
  const harm = findings.filter(({ severity }) => severity !== 'note')
  const facts = [
    ['saved VM', `${format} (${machine}), ${vcpus} ${vcpus === 1 ? 'vCPU' : 'vCPUs'}`],
    ['judged for', kernel],
    ['the guest has mapped', `${live.devices} devices, ${live.events} events`],
    ['a restore brings back', `${restored.devices} devices, ${restored.events} events`],
    ...(asked?.options.length ? [['asked with', asked.options.join(' ')]] : []),
  ]
  const unseen = looks.filter(({ why }) => why !== null)
  return [
    `### ${code(file)}: ${stateWords[document.verdict]}`,
    '',
    inline(headline),
    '',
    '| | |',
    '|---|---|',
    ...facts.map(([what, is]) => `| ${what} | ${inline(is!)} |`),
    '',
    ...harm.map(
      ({ code: problem, slug, severity, confidence, says }) =>
        `* **${problem} ${slug}** (${severity}, ${confidence}): ${inline(says)}`,
    ),
    ...(harm.length === 0 ? ['No problem was found.'] : []),
    ...(unseen.length === 0
      ? []
      : ['', 'Known in part, or not looked at:', '', ...unseen.map(({ what, why }) => `* ${inline(what)}: ${inline(why!)}`)]),
    '',
  ].join('\n')
}

/** Text of a file, of which no mark-up is made. */
const inline = (text: string): string => printable(text).replace(/[\\`*_[\]<>|#&~]/g, '\\$&')

/** A name as code: the fence is longer than any run of backticks in it. */
function code(text: string): string {
  const shown = printable(text).replaceAll('|', '\\|')
  const fence = '`'.repeat(1 + longestRun(shown))
  return fence.length === 1 ? `\`${shown}\`` : `${fence} ${shown} ${fence}`
}

function fenced(text: string): string {
  const fence = '`'.repeat(Math.max(3, 1 + longestRun(text)))
  return `${fence}\n${text.trimEnd()}\n${fence}\n`
}

const longestRun = (text: string): number => Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
