import type { Gpa, ReadonlyMemory } from '../memory/index.ts'
import { COMMAND_BYTES, type Command, decodeCommand } from './commands.ts'
import { hex } from './u64.ts'

/** The command at `at` in the queue's ring, as a person reads it: `MAPD DeviceID 0x8 V=0`. */
export function disassemble(memory: ReadonlyMemory, at: Gpa): string {
  const words = new Int32Array(memory.read(at, COMMAND_BYTES).buffer)
  const command = decodeCommand(words)
  return command === undefined ? `opcode ${hex(words[0]! & 0xff)}` : spell(command)
}

/** A command as a person reads it. */
export function spell(command: Command): string {
  switch (command.name) {
    case 'MAPD':
      return command.args.valid
        ? `MAPD DeviceID ${hex(command.args.deviceId)} V=1 ITT ${hex(command.args.ittAddr)} bits ${command.args.size + 1}`
        : `MAPD DeviceID ${hex(command.args.deviceId)} V=0`
    case 'MAPC':
      return command.args.valid
        ? `MAPC ICID ${command.args.icid} RDbase ${command.args.rdBase}`
        : `MAPC ICID ${command.args.icid} V=0`
    case 'MAPTI':
      return `MAPTI ${place(command.args)} LPI ${command.args.pintid} ICID ${command.args.icid}`
    case 'MOVI':
      return `MOVI ${place(command.args)} ICID ${command.args.icid}`
    case 'MAPI':
    case 'DISCARD':
    case 'INT':
    case 'CLEAR':
    case 'INV':
      return `${command.name} ${place(command.args)}`
    default:
      return command.name
  }
}

const place = ({ deviceId, eventId }: { readonly deviceId: number; readonly eventId: number }) => `${hex(deviceId)}/${eventId}`
