import { type LintedTrace, lintDocument } from '@vits/core/documents'
import { type LintedPause, lintTrace, parseTrace, type TraceFinding, traceScript } from '@vits/core/trace'
import { ExitCode } from '../exit-code.ts'
import { failing, UsageError } from '../failure.ts'
import { readUnpacked } from '../files/read-whole.ts'
import type { Io } from '../io.ts'
import { jsonText, printable } from '../printable.ts'
import { fit, wrap } from '../render/layout.ts'
import { count } from '../render/words.ts'
import type { Style } from '../style.ts'
import type { lint } from '../usage/lint.ts'
import type { Run } from '../usage.ts'

/** Judges the order of a VMM's ioctls when it saves and restores a VM. */
export const run: Run<typeof lint> = async (files, { script, json }, io) => {
  if (script) {
    io.out(traceScript())
    return ExitCode.Ok
  }
  if (files.length === 0) throw new UsageError('which trace? `vits lint --script` prints the program that makes one')
  const traces: LintedTrace[] = []
  let bits = 0
  for (const file of files) {
    bits |= await failing(file, io, async () => {
      traces.push(await lintedTrace(file, io))
      return ExitCode.Ok
    })
  }
  if (json) io.out(jsonText(lintDocument(traces)))
  else for (const trace of traces) io.out(fit(traceText(trace, io.style), io.style))
  const hasProblem = traces.some(({ pauses }) => pauses.length === 0 || pauses.some(({ findings }) => findings.length > 0))
  return bits | (hasProblem ? ExitCode.Problems : ExitCode.Ok)
}

async function lintedTrace(file: string, io: Io): Promise<LintedTrace> {
  const calls = parseTrace(new TextDecoder().decode(await readUnpacked(file, io)))
  return { file, calls: calls.length, pauses: lintTrace(calls) }
}

function traceText({ file, calls, pauses }: LintedTrace, style: Style): string {
  const head = `${style.bold(printable(file))}  ${count(calls, 'ioctl')}\n`
  if (pauses.length === 0) return `${head}No save and no restore is in it: nothing was judged.\n`
  return `${head}${pauses.map((pause) => pauseText(pause, style)).join('')}`
}

function pauseText({ kind, pid, lines: [from, to], findings }: LintedPause, style: Style): string {
  const outcome = findings.length === 0 ? 'in order' : count(findings.length, 'problem')
  const head = `\n${style.bold(`A ${kind} by process ${pid}, lines ${from} to ${to}`)}: ${outcome}\n`
  return `${head}${findings.map((finding) => findingText(finding, style)).join('')}`
}

function findingText({ rule, line, its, says, taughtBy }: TraceFinding, style: Style): string {
  const place = [line === undefined ? undefined : `line ${line}`, its === undefined ? undefined : `ITS at fd ${its}`]
  const known = taughtBy === undefined ? '' : `${wrap(taughtBy, 'Seen', style)}\n`
  return `\n${style.bold(rule)}  ${place.filter((part) => part !== undefined).join(', ')}\n${wrap(says, 'Then', style)}\n${known}`
}
