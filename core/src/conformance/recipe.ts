import { COMMAND_BYTES, encodeCommand, FIRST_LPI } from '../abi/index.ts'
import type { Hex, QueuedCommand, Step, StepOf } from './step.ts'

/** How a recording describes a queue too long to list: one collection, then a MAPD and a MAPTI for each device. */
const RECIPE =
  /^queue at 0x[\da-f]+: MAPC\(0, 0\), then for d in 0\.\.(\d+): MAPD\(d, (0x[\da-f]+) \+ d \* (0x[\da-f]+), bits=(\d+)\), MAPTI\(d, (\d+), 8192 \+ d, 0\)/

/**
 * Puts the commands into recordings that only describe them in a note, and the hash of the saved device table, which such a
 * recording gives with its timings, behind the last save before it is dumped.
 */
export function expandRecipes(steps: readonly Step[]): Step[] {
  const timing = steps.find((step) => step.op === 'timing')
  const hash = (timing as { readonly table_fnv?: string } | undefined)?.table_fnv
  return steps.flatMap((step) => {
    const recipe = step.op === 'note' ? RECIPE.exec(step.text) : null
    if (recipe !== null) return [step, commandsOf(recipe)]
    return hash !== undefined && isTableDump(step) ? [hashStep(step, hash), step] : [step]
  })
}

function commandsOf([, last, ittAddr, stride, bits, eventId]: RegExpExecArray): StepOf<'commands'> {
  const list: QueuedCommand[] = [queued(encodeCommand('MAPC', { icid: 0, rdBase: 0, valid: true }))]
  for (let deviceId = 0; deviceId <= Number(last); deviceId++) {
    const itt = Number(ittAddr) + deviceId * Number(stride)
    list.push(queued(encodeCommand('MAPD', { deviceId, ittAddr: itt, size: Number(bits) - 1, valid: true })))
    list.push(queued(encodeCommand('MAPTI', { deviceId, eventId: Number(eventId), pintid: FIRST_LPI + deviceId, icid: 0 })))
  }
  return { op: 'commands', cwriter_before: '0x0', list, cwriter_written: `0x${(list.length * COMMAND_BYTES).toString(16)}` }
}

function queued(words: Uint32Array): QueuedCommand {
  const digits = (n: number) => words[n]!.toString(16).padStart(8, '0')
  return { name: '', dw: [0, 2, 4, 6].map((n): Hex => `0x${digits(n + 1)}${digits(n)}`) }
}

function isTableDump(step: Step): step is StepOf<'mem_dump'> {
  return step.op === 'mem_dump' && step.what === 'device table, first 64 bytes'
}

function hashStep({ gpa }: StepOf<'mem_dump'>, hash: string): Step {
  return { op: 'raw', what: 'hash of the saved device table', line: `sum ${gpa.slice(2)} 10000`, rc: '0', data: hash }
}
