import { type CommandName, encodeCommand, hex, type Operands, u64 } from '../abi/index.ts'
import type { Hex, QueuedCommand } from './step.ts'

/** A command as a step queues it. Operands left out are 0. @throws RangeError for a value that its operand cannot hold. */
export function queued<N extends CommandName>(name: N, operands: Partial<Operands<N>>): QueuedCommand {
  const text = Object.entries(operands).map(([key, value]) => ` ${key}=${typeof value === 'number' ? hex(value) : value}`)
  return { name: name + text.join(''), dw: doublewords(encodeCommand(name, operands)) }
}

/** The four doublewords of a command's eight 32-bit words. */
export const doublewords = (words: Uint32Array): Hex[] => [0, 2, 4, 6].map((i) => hex(u64(words[i]!, words[i + 1]!)))
