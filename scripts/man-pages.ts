import { headings, type ProblemCode, problems } from '@vits/core/audit'
import { bashCompletion } from '../cli/src/completion/bash.ts'
import { fishCompletion } from '../cli/src/completion/fish.ts'
import { zshCompletion } from '../cli/src/completion/zsh.ts'
import { ExitCode, exitWords } from '../cli/src/exit-code.ts'
import type { Option } from '../cli/src/options/option.ts'
import { usages } from '../cli/src/usage/index.ts'
import type { Usage } from '../cli/src/usage.ts'
import type { GeneratedDoc } from './generated-doc.ts'

/** What the package installs beside the program: its man pages, and what completes its command lines. */
export const installedFiles: readonly GeneratedDoc[] = [
  { path: 'cli/man/vits.1', content: programPage },
  ...usages.map((usage) => ({ path: `cli/man/${pageName(usage)}.1`, content: () => commandPage(usage) })),
  { path: 'cli/man/vits-problems.7', content: problemsPage },
  { path: 'cli/completions/vits.bash', content: bashCompletion },
  { path: 'cli/completions/_vits', content: zshCompletion },
  { path: 'cli/completions/vits.fish', content: fishCompletion },
]

/** When this version was finished: pages say when they were written. */
const written = '2026-11-22'

/** vits-selftest-vlpi for `vits selftest vlpi`. */
function pageName({ name }: Usage): string {
  return `vits-${name.replaceAll(' ', '-')}`
}

/** Text as roff sets it word by word: nothing in it is a request, and a hyphen is one. */
const roff = (text: string) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1')

const bold = (text: string) => `\\fB${roff(text)}\\fR`

/** A paragraph of a source may have its lines where it likes; a sentence ends one. */
const sentences = (text: string) => roff(text.replace(/([^.])\n/g, '$1 ')).replace(/\.\n/g, '.\n.PP\n')

function page(name: string, section: number, summary: string, parts: Readonly<Record<string, string>>): string {
  const texts = Object.entries(parts).map(([title, text]) => `.SH ${title}\n${text.trimEnd()}\n`)
  return `.\\" Printed by \`npm run docs\`.
.TH ${name.toUpperCase()} ${section} ${written} vits
.SH NAME
${name} \\- ${roff(summary)}
${texts.join('')}`
}

const seeAlso = (...pages: readonly (readonly [name: string, section: number])[]) =>
  pages.map(([name, section]) => `.BR ${name} (${section})`).join(' ,\n')

function programPage(): string {
  const bits = Object.entries(ExitCode).map(([name, bit]) => `.TP\n.B ${bit}\n${roff(exitWords[name as keyof typeof ExitCode])}`)
  return page('vits', 1, 'check and repair the interrupts of saved arm64 VMs', {
    SYNOPSIS: '.B vits\n.I command\n.RI [ options ]\n.RI [ word ...]',
    DESCRIPTION: `Opens a saved arm64 VM, says whether its interrupts will come back, and mends it.
The tables of the interrupt translation service (the ITS of a GICv3) that KVM wrote into guest RAM are walked as KVM walks them on a
restore, and held against what the guest itself has mapped.
.PP
Nothing is written without
.BR vits\\-repair (1),
.BR vits\\-undo (1),
or an option that names an output.`,
    COMMANDS: usages.map((usage) => `.TP\n.BR ${roff(pageName(usage))} (1)\n${roff(usage.summary)}`).join('\n'),
    OPTIONS: `.TP\n${bold('-h')}, ${bold('--help')}\nwhat a command does, with examples\n.TP\n${bold('-V')}, ${bold('--version')}\nthe version`,
    'EXIT STATUS': `Added up over all files.\n${bits.join('\n')}\n.PP\nA signal ends it at once, with 128 and its number.`,
    ENVIRONMENT: `.TP\n.B COLUMNS\nhow wide lines are, from 60 to 200; without it as wide as the terminal, and 100 columns where there is none\n.TP\n.B NO_COLOR\nno colour, whatever the terminal\n.TP\n.B FORCE_COLOR\ncolour, also where no terminal is; 0 for none\n.TP\n.B TMPDIR\nwhere what comes through a pipe is kept beyond 128 MiB, in a file without a name`,
    FILES: `.TP\n.I FILE.undo\nwhat takes a repair of FILE in place back`,
    'SEE ALSO': seeAlso(...usages.map((usage) => [roff(pageName(usage)), 1] as const), ['vits\\-problems', 7]),
  })
}

function commandPage(usage: Usage): string {
  const { name, args, summary, details, examples, options } = usage
  const listed = Object.values(options)
  return page(pageName(usage), 1, summary, {
    SYNOPSIS: [
      `.B vits ${roff(name)}`,
      ...(listed.length === 0 ? [] : ['.RI [ options ]']),
      ...(args === '' ? [] : [words(args)]),
    ].join('\n'),
    DESCRIPTION: details === undefined ? `${roff(summary[0]!.toUpperCase() + summary.slice(1))}.` : sentences(details),
    ...(listed.length === 0 ? {} : { OPTIONS: listed.map(optionText).join('\n') }),
    'EXIT STATUS': 'As\n.BR vits (1)\nhas it.',
    EXAMPLES: examples
      .map((line) => `.PP\n.EX\nvits ${roff(line)}\n.EE`)
      .join('\n')
      .replace(/^\.PP\n/, ''),
    'SEE ALSO': seeAlso(['vits', 1], ['vits\\-problems', 7]),
  })
}

/** `<file...>` and `[kernel...]`, in italics. */
const words = (args: string) =>
  args
    .split(' ')
    .map((word) => `.I ${roff(word.replace(/[<>]/g, ''))}`)
    .join('\n')

function optionText({ flags, doc, initial, choices }: Option<unknown>): string {
  const names = flags.split(', ').map((one) => {
    const [name = '', value] = one.split(' ')
    return value === undefined ? bold(name) : `${bold(name)} \\fI${roff(value.slice(1, -1))}\\fR`
  })
  const known = choices === undefined ? '' : `; one of ${choices.join(', ')}`
  const unless = (typeof initial === 'string' || typeof initial === 'number') && initial !== '' ? ` (default: ${initial})` : ''
  return `.TP\n${names.join(', ')}\n${roff(`${doc}${known}${unless}`)}`
}

const places = {
  R: 'REGISTERS',
  C: 'COLLECTIONS',
  D: 'DEVICE TABLE',
  I: 'INTERRUPT TRANSLATION TABLES',
  L: 'LPI TABLES',
  Q: 'COMMAND QUEUE',
  M: 'SAVED FILE AND RAM',
  N: 'LOST INTERRUPTS',
} as const

function problemsPage(): string {
  const codes = Object.keys(problems) as ProblemCode[]
  const sections = Object.entries(places).map(([letter, title]) => [
    title,
    codes
      .filter((code) => code.startsWith(letter))
      .map(problemText)
      .join('\n'),
  ])
  return page('vits-problems', 7, 'what vits finds in saved VMs', {
    DESCRIPTION: `Each problem that
.BR vits\\-check (1)
reports, by its code. What a problem does in a given VM is measured there; here stands what it usually does:
.BR fails ,
the restore fails;
.BR corrupts ,
it succeeds, and the guest loses, gains or misdirects interrupts;
.BR latent ,
no harm now;
.BR note ,
it bounds what the report can say.
.PP
.BR vits\\-explain (1)
has the same text, and tells which of them make an errno or a message of a VMM.`,
    ...Object.fromEntries(sections),
    'SEE ALSO': seeAlso(['vits', 1], ['vits\\-check', 1], ['vits\\-explain', 1]),
  })
}

function problemText(code: ProblemCode): string {
  const { slug, usually, help } = problems[code]
  const parts = headings.map(([key, heading]) => `.TP\n.B ${heading}\n${roff(help[key])}`)
  return `.SS ${roff(`${code} ${slug}: usually ${usually}`)}\n${parts.join('\n')}`
}
