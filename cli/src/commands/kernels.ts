import { type Profile, profiles, type QuirkName, quirks } from '@vits/core'
import { command, flag } from '../command.ts'
import { ExitCode } from '../exit-code.ts'
import { UsageError } from '../failure.ts'

/** The kernels whose behaviour is known, and how each differs from the newest. */
export const kernels = command({
  name: 'kernels',
  args: '[profile...]',
  summary: 'list the kernels whose behaviour is known, and how each differs',
  examples: ['kernels', 'kernels linux-5.10', 'kernels --json'],
  options: { json: flag('--json', 'print one JSON document') },
  run: async (ids, { json }, { out, style }) => {
    const chosen = ids.length === 0 ? Object.values(profiles) : ids.map(profileNamed)
    if (json) {
      out(
        `${JSON.stringify({ schema: 1, kernels: chosen.map(({ id, title, names }) => ({ id, title, quirks: names })) }, null, 2)}\n`,
      )
      return ExitCode.Ok
    }
    for (const { id, title, names } of chosen) {
      out(`${style.bold(id.padEnd(16))} ${title}${ids.length === 0 ? ` (${names.length} quirks)` : ''}\n`)
      if (ids.length > 0) for (const name of names) out(quirkLine(name))
    }
    return ExitCode.Ok
  },
})

/** The profile of this id. @throws UsageError with the ones there are. */
export function profileNamed(id: string): Profile {
  const found = Object.values(profiles).find((candidate) => candidate.id === id)
  if (found === undefined) throw new UsageError(`no kernel '${id}' is known; one of ${Object.keys(profiles).join(', ')}`)
  return found
}

const quirkLine = (name: QuirkName) => `  ${name}\n      ${quirks[name].does}\n      ${quirks[name].kernels}\n`
