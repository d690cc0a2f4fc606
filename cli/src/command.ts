import { type Command as Commander, Option as CommanderOption, InvalidArgumentError } from 'commander'
import type { ExitBits } from './exit-code.ts'
import type { Io } from './io.ts'

/** An option, declared once: parsing, help and the type of its value derive from it. */
export interface Option<T> {
  /** As commander writes them: `-n, --dry-run` or `--view <view>`. */
  readonly flags: string
  readonly doc: string
  readonly initial: T
  readonly choices?: readonly string[]
  /** Reads one occurrence; `before` is the value so far. Absent for a flag without a value. */
  parse?(text: string, before: T): T
}

export const flag = (flags: string, doc: string): Option<boolean> => ({ flags, doc, initial: false })

export const text = (flags: string, doc: string): Option<string | undefined> => ({
  flags,
  doc,
  initial: undefined,
  parse: (value) => value,
})

/** One of several words; the first one when the option is not given. */
export const choice = <const C extends string>(flags: string, doc: string, choices: readonly [C, ...C[]]): Option<C> => ({
  flags,
  doc,
  initial: choices[0],
  choices,
  parse: (value) => value as C,
})

/** A whole number from `least` to `most`, decimal or 0x. */
export const whole = (flags: string, doc: string, { initial = 0, least = 0, most = 0xffffffff } = {}): Option<number> => ({
  flags,
  doc,
  initial,
  parse: (value) => {
    const number = /^(0x[0-9a-f]+|\d+)$/i.test(value) ? Number(value) : Number.NaN
    if (!(number >= least && number <= most)) throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`)
    return number
  },
})

/** Words separated by commas or given several times. */
export const list = (flags: string, doc: string): Option<readonly string[]> => ({
  flags,
  doc,
  initial: [],
  parse: (value, before) => [...before, ...value.split(',').filter((word) => word !== '')],
})

type Values<O extends Readonly<Record<string, Option<unknown>>>> = {
  readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never
}

/** What each command declares. */
export interface CommandShape<O extends Readonly<Record<string, Option<unknown>>>> {
  /** One word, or two: `selftest vlpi` is the command vlpi below selftest, in whatever order they are registered. */
  readonly name: string
  /** As commander writes them: `<file...>`, `[path...]`, `<a> <b>`; all of them arrive as one list of words. */
  readonly args: string
  readonly summary: string
  /** What else `--help` should say. */
  readonly details?: string
  readonly examples: readonly string[]
  /** Named as commander names them: `--dry-run` is `dryRun`. */
  readonly options: O
  readonly run: (args: readonly string[], options: Values<O>, io: Io) => Promise<ExitBits>
}

/** A command of the program, its options' types forgotten. */
export interface Command {
  readonly name: string
  readonly summary: string
  /** Adds the command to the program; `done` gets its exit bits. */
  register(program: Commander, io: Io, done: (bits: ExitBits) => void): void
}

export function command<const O extends Readonly<Record<string, Option<unknown>>>>(shape: CommandShape<O>): Command {
  return {
    name: shape.name,
    summary: shape.summary,
    register: (program, io, done) => {
      const initials = new Map(Object.values(shape.options).map(({ flags, initial }) => [flags, initial]))
      const added = place(program, shape.name).summary(shape.summary).description(description(shape))
      if (shape.args !== '') added.arguments(shape.args)
      for (const option of Object.values(shape.options)) added.addOption(commanderOption(option))
      added.addHelpText('after', `\nExamples:\n${shape.examples.map((line) => `  $ vits ${line}\n`).join('')}`)
      added.action(async () => {
        const words = (added.processedArgs as unknown[]).flat().filter((word) => word !== undefined) as string[]
        const initial = Object.fromEntries(added.options.map((option) => [option.attributeName(), initials.get(option.flags)]))
        done(await shape.run(words, { ...initial, ...added.opts() } as Values<O>, io))
      })
    },
  }
}

/** Where a command belongs; options after the name of a lower command are that command's, also those that the upper one has too. */
function place(program: Commander, name: string): Commander {
  const [upper = name, lower] = name.split(' ')
  const above =
    program.commands.find((known) => known.name() === upper) ?? program.command(upper).summary(`vits ${name}`).helpCommand(false)
  return lower === undefined ? above : above.command(lower)
}

function description({ summary, details }: { readonly summary: string; readonly details?: string }): string {
  // A line that ends inside a sentence ends there for the source's sake: the help wraps to its own width.
  return details === undefined ? summary : `${summary}\n\n${details.replace(/([^.])\n/g, '$1 ')}`
}

/** Only a default worth telling is shown in the help; the others are filled in when the command runs. */
function commanderOption({ flags, doc, initial, choices, parse }: Option<unknown>): CommanderOption {
  const option = new CommanderOption(flags, doc)
  if (parse !== undefined) option.argParser((text, before: unknown) => parse(text, before ?? initial))
  if (choices !== undefined) option.choices([...choices])
  if (typeof initial === 'string' || typeof initial === 'number') option.default(initial)
  return option
}
