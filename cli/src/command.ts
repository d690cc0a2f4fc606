import { type Command as Commander, Option as CommanderOption, InvalidArgumentError } from 'commander'
import { type Option, ValueError } from './options/option.ts'
import { shellLines } from './render/shell-lines.ts'
import type { Style } from './style.ts'
import type { Usage } from './usage.ts'

/** Runs a command: its words, and the values of its options by name. */
export type Perform = (words: readonly string[], options: Readonly<Record<string, unknown>>) => Promise<void>

/** Adds a command to the program. */
export function register(program: Commander, usage: Usage, style: Pick<Style, 'width'>, perform: Perform): void {
  const initials = new Map(Object.values(usage.options).map(({ flags, initial }) => [flags, initial]))
  const added = place(program, usage.name).summary(usage.summary).description(description(usage))
  if (usage.args !== '') added.arguments(usage.args)
  for (const option of Object.values(usage.options)) added.addOption(commanderOption(option))
  added.addHelpText(
    'after',
    `\nExamples:\n${exampleLines(usage, style)
      .map((line) => `${line}\n`)
      .join('')}`,
  )
  added.action(() => {
    const words = (added.processedArgs as unknown[]).flat().filter((word) => word !== undefined) as string[]
    const initial = Object.fromEntries(added.options.map((option) => [option.attributeName(), initials.get(option.flags)]))
    return perform(words, { ...initial, ...added.opts() })
  })
}

const exampleLines = ({ examples }: Usage, style: Pick<Style, 'width'>): string[] =>
  examples.flatMap((line) => shellLines(['vits', ...line.split(' ')], '  $ ', style))

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
  if (parse !== undefined) option.argParser((text, before: unknown) => refusing(() => parse(text, before ?? initial)))
  if (choices !== undefined) option.choices([...choices])
  if (typeof initial === 'string' || typeof initial === 'number') option.default(initial)
  return option
}

function refusing<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw error instanceof ValueError ? new InvalidArgumentError(error.message) : error
  }
}
