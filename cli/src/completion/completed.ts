import { profiles } from '@vits/core/abi'
import { problems, ruleNames } from '@vits/core/audit'
import { errnos } from '@vits/core/memory'
import { scopeNames } from '@vits/core/scope'
import { HOST } from '../options/host.ts'
import type { Option } from '../options/option.ts'
import { usages } from '../usage/index.ts'
import type { Usage } from '../usage.ts'

/** The shells that a command line can be completed in. */
export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** What may stand in a place of a command line. */
export interface Value {
  /** What the usage calls it. */
  readonly name: string
  /** Words that it may be; none where they cannot be listed. */
  readonly words: readonly string[]
  readonly paths?: 'files' | 'folders'
  /** Several words with commas between them. */
  readonly isList?: true
}

export interface CompletedOption {
  /** `-o`, if it has one. */
  readonly short?: string
  readonly long: string
  readonly doc: string
  /** Undefined for a flag. */
  readonly value: Value | undefined
}

export interface CompletedCommand {
  /** One word, or two. */
  readonly name: string
  readonly summary: string
  readonly options: readonly CompletedOption[]
  /** What stands beside options, however often; undefined where nothing does. */
  readonly word: Value | undefined
}

const codes = Object.keys(problems)
const kernels = Object.keys(profiles)
const files = { words: [], paths: 'files' } as const
/** A number, a size: whatever one types. */
const typed = { words: [] } as const

/** What each placeholder of a usage stands for. An option with choices has those. */
const placeholders = {
  a: files,
  b: files,
  file: files,
  image: files,
  path: files,
  'qmp-socket': files,
  trace: files,
  folder: { words: [], paths: 'folders' },
  codes: { words: codes, isList: true },
  kernel: { words: kernels },
  'kernel|host': { words: [...kernels, HOST] },
  'kernel|host|all': { words: [...kernels, HOST, 'all'] },
  profile: { words: kernels },
  scopes: { words: scopeNames, isList: true },
  shell: { words: shells },
  what: { words: [...codes, ...Object.keys(errnos), ...ruleNames], paths: 'files' },
  count: typed,
  duration: typed,
  'i/n': typed,
  ids: typed,
  index: typed,
  lpis: typed,
  ms: typed,
  n: typed,
  names: typed,
  number: typed,
  size: typed,
} as const satisfies Readonly<Record<string, Omit<Value, 'name'>>>

/** @throws Error for a placeholder of which nobody said what it stands for. */
function placed(name: string, choices?: readonly string[]): Value {
  if (choices !== undefined) return { name, words: choices }
  if (!Object.hasOwn(placeholders, name)) throw new Error(`what does <${name}> stand for?`)
  return { name, ...placeholders[name as keyof typeof placeholders] }
}

const help: CompletedOption = { short: '-h', long: '--help', doc: 'display help for command', value: undefined }

/** Options that stand before any command. */
export const globalOptions: readonly CompletedOption[] = [
  { short: '-V', long: '--version', doc: 'output the version number', value: undefined },
  help,
]

/** Every command as a shell completes it, from the usages that the program itself is made of. */
export const completedCommands: readonly CompletedCommand[] = usages.map(completed)

function completed({ name, summary, args, options }: Usage): CompletedCommand {
  const [, word] = /[<[]([^>\].]+)/.exec(args) ?? []
  return {
    name,
    summary,
    options: [...Object.values(options).map(completedOption), help],
    word: word === undefined ? undefined : placed(word),
  }
}

/** `-o, --output <file>`. */
function completedOption({ flags, doc, choices }: Option<unknown>): CompletedOption {
  const [, short, long = '', name] = /^(?:(-\w), )?(--[\w-]+)(?: <(.+)>)?$/.exec(flags) ?? []
  return { ...(short !== undefined && { short }), long, doc, value: name === undefined ? undefined : placed(name, choices) }
}

/** A word that may follow the program or an upper command, and what it does. */
export interface NextWord {
  readonly word: string
  readonly summary: string
}

/** The commands below one, `''` for the program itself. */
export function commandsBelow(upper: string): readonly NextWord[] {
  const found = new Map<string, string>()
  for (const { name, summary } of completedCommands) {
    const [first = '', second] = name.split(' ')
    if (upper === '' && !found.has(first)) found.set(first, second === undefined ? summary : `vits ${name}`)
    if (upper !== '' && first === upper && second !== undefined) found.set(second, summary)
  }
  return [...found].map(([word, summary]) => ({ word, summary }))
}

/** Those that have a name of their own, and those that are only above others, as demo. */
export const commandNames: readonly string[] = [...new Set(completedCommands.flatMap(({ name }) => [name.split(' ')[0]!, name]))]

/** A command by its name; one that is only above others has no more than its help. */
export const commandNamed = (name: string): CompletedCommand =>
  completedCommands.find((command) => command.name === name) ?? { name, summary: '', options: [help], word: undefined }
