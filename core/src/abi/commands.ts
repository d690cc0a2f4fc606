import { named, refuseBigEndian, shown } from '../memory/index.ts'
import { address, bits, type Field, fits, flag } from './layout.ts'

refuseBigEndian()

/** Bytes of a command: four little-endian doublewords DW0 to DW3. */
export const COMMAND_BYTES = 32

/** Where an operand stands: the doubleword and the field in it. */
export type Operand = readonly [dw: 0 | 1 | 2 | 3, field: Field]

/** A command of the queue, declared once: decoding, encoding, disassembly and documentation derive from it. */
export interface CommandShape {
  readonly opcode: number
  readonly doc: string
  /** The GIC version that introduced it. */
  readonly since: 'GICv3' | 'GICv4' | 'GICv4.1'
  readonly args: Readonly<Record<string, Operand>>
}

const deviceId: Operand = [0, bits(63, 32, 'DeviceID.')]
const eventId: Operand = [1, bits(31, 0, 'EventID.')]
const pintid: Operand = [1, bits(63, 32, 'Physical LPI.')]
const icid: Operand = [2, bits(15, 0, 'Collection.')]
const valid = [2, flag(63, '1 maps, 0 unmaps.')] as const satisfies Operand
const rdBase: Operand = [2, bits(47, 16, 'Target redistributor: a processor number.')]
const vpeid: Operand = [1, bits(47, 32, 'vPE.')]
const vintid: Operand = [2, bits(31, 0, 'Virtual LPI.')]
const doorbell: Operand = [2, bits(63, 32, 'Physical LPI sent when the vPE is not resident; 1023 for none.')]

/** Every command of the ITS, GICv3 to GICv4.1 (IHI 0069, "ITS commands"). */
export const commands = {
  MOVI: { opcode: 0x01, since: 'GICv3', doc: 'Retarget one event to another collection.', args: { deviceId, eventId, icid } },
  INT: { opcode: 0x03, since: 'GICv3', doc: 'Make an event pending, as its MSI would.', args: { deviceId, eventId } },
  CLEAR: { opcode: 0x04, since: 'GICv3', doc: 'Drop the pending state of an event.', args: { deviceId, eventId } },
  SYNC: { opcode: 0x05, since: 'GICv3', doc: 'Wait until earlier commands reached a redistributor.', args: { rdBase } },
  MAPD: {
    opcode: 0x08,
    since: 'GICv3',
    doc: 'Map DeviceID to an ITT, or unmap it when V is 0.',
    args: {
      deviceId,
      size: [1, bits(4, 0, 'EventID bits, minus one.')],
      ittAddr: [2, address(51, 8, 8, 'ITT base.')],
      valid,
    },
  },
  MAPC: {
    opcode: 0x09,
    since: 'GICv3',
    doc: 'Map a collection to a redistributor, or unmap it when V is 0.',
    args: { icid, rdBase, valid },
  },
  MAPTI: {
    opcode: 0x0a,
    since: 'GICv3',
    doc: 'Map an event to an LPI in a collection.',
    args: { deviceId, eventId, pintid, icid },
  },
  MAPI: { opcode: 0x0b, since: 'GICv3', doc: 'MAPTI with the LPI equal to the EventID.', args: { deviceId, eventId, icid } },
  INV: { opcode: 0x0c, since: 'GICv3', doc: 'Reread the configuration of an event.', args: { deviceId, eventId } },
  INVALL: { opcode: 0x0d, since: 'GICv3', doc: 'Reread the configuration of all LPIs of a collection.', args: { icid } },
  MOVALL: {
    opcode: 0x0e,
    since: 'GICv3',
    doc: 'Retarget all LPIs of one redistributor to another.',
    args: { rdBase, rdBase2: [3, bits(47, 16, 'New target redistributor.')] },
  },
  DISCARD: { opcode: 0x0f, since: 'GICv3', doc: 'Unmap an event and drop its pending state.', args: { deviceId, eventId } },
  VMOVI: {
    opcode: 0x21,
    since: 'GICv4',
    doc: 'Retarget a virtual event to another vPE.',
    args: { deviceId, eventId, vpeid, doorbellValid: [2, flag(0, 'The doorbell operand counts.')], doorbell },
  },
  VMOVP: {
    opcode: 0x22,
    since: 'GICv4',
    doc: 'Move a vPE to another redistributor, on every ITS of the list.',
    args: {
      sequence: [0, bits(47, 32, 'The same number in every copy.')],
      itsList: [1, bits(15, 0, 'ITSes that take part.')],
      vpeid,
      rdBase: [2, bits(51, 16, 'New redistributor.')],
      doorbellValid: [2, flag(63, 'GICv4.1: the default doorbell operand counts.')],
      defaultDoorbell: [3, bits(31, 0, 'GICv4.1: default doorbell.')],
    },
  },
  VSGI: {
    opcode: 0x23,
    since: 'GICv4.1',
    doc: 'Configure or clear a virtual SGI.',
    args: {
      enable: [0, flag(8, 'The vSGI is enabled.')],
      clear: [0, flag(9, 'Drop its pending state; configuration is then ignored.')],
      group: [0, flag(10, 'Group 1.')],
      priority: [0, address(23, 20, 4, 'Priority, bits [7:4].')],
      vsgi: [0, bits(35, 32, 'vSGI number.')],
      vpeid,
    },
  },
  VSYNC: { opcode: 0x25, since: 'GICv4', doc: 'Wait until earlier commands for a vPE took effect.', args: { vpeid } },
  VMAPP: {
    opcode: 0x29,
    since: 'GICv4',
    doc: 'Map a vPE to its virtual pending table and redistributor, or unmap it when V is 0.',
    args: {
      alloc: [0, flag(8, 'GICv4.1: first map or last unmap of this vPE.')],
      ptz: [0, flag(9, 'GICv4.1: the virtual pending table is all zeros.')],
      vconfAddr: [0, address(51, 16, 16, 'GICv4.1: virtual configuration table.')],
      defaultDoorbell: [1, bits(31, 0, 'GICv4.1: default doorbell; 1023 for none.')],
      vpeid,
      rdBase: [2, bits(51, 16, 'Redistributor.')],
      valid,
      vptSize: [3, bits(4, 0, 'vINTID bits, minus one.')],
      vptAddr: [3, address(51, 16, 16, 'Virtual pending table.')],
    },
  },
  VMAPTI: {
    opcode: 0x2a,
    since: 'GICv4',
    doc: 'Map an event to a virtual LPI of a vPE.',
    args: { deviceId, eventId, vpeid, vintid, doorbell },
  },
  VMAPI: {
    opcode: 0x2b,
    since: 'GICv4',
    doc: 'VMAPTI with the virtual LPI equal to the EventID.',
    args: { deviceId, eventId, vpeid, doorbell },
  },
  VINVALL: { opcode: 0x2d, since: 'GICv4', doc: 'Reread the configuration of all virtual LPIs of a vPE.', args: { vpeid } },
  INVDB: { opcode: 0x2e, since: 'GICv4.1', doc: "Reread the configuration of a vPE's default doorbell.", args: { vpeid } },
} as const satisfies Record<string, CommandShape>

export type CommandName = keyof typeof commands

/** The operands of a command, decoded: flags as booleans, the rest as numbers. */
export type Operands<N extends CommandName> = {
  readonly [K in keyof (typeof commands)[N]['args']]: (typeof commands)[N]['args'][K] extends readonly [unknown, { flag: true }]
    ? boolean
    : number
}

/** A decoded command. */
export type Command = { [N in CommandName]: { readonly name: N; readonly args: Operands<N> } }[CommandName]

/** A command's name and operands, as decoding needs them. */
interface Decoder {
  readonly name: CommandName
  readonly operands: readonly { readonly key: string; readonly dw: number; readonly field: Field; readonly isFlag: boolean }[]
}

const byOpcode = new Map<number, Decoder>(
  Object.entries(commands).map(([name, { opcode, args }]: [string, CommandShape]) => {
    const operands = Object.entries(args).map(([key, [dw, field]]) => ({ key, dw, field, isFlag: 'flag' in field }))
    return [opcode, { name: name as CommandName, operands }]
  }),
)

/** Decodes eight 32-bit words (DW0 low half first), which may be a view of guest RAM. Undefined for an opcode that no command has. */
export function decodeCommand(words: Int32Array | Uint32Array, index = 0): Command | undefined {
  const decoder = byOpcode.get(words[index]! & 0xff)
  if (decoder === undefined) return undefined
  const args: Record<string, number | boolean> = {}
  for (const { key, dw, field, isFlag } of decoder.operands) {
    const value = field.get(words[index + 2 * dw]!, words[index + 2 * dw + 1]!)
    args[key] = isFlag ? value === 1 : value
  }
  return { name: decoder.name, args } as Command
}

/**
 * Encodes a command; operands left out are 0. The bytes of the words are those that the queue holds.
 *
 * @throws RangeError for a command or an operand that there is not, and for a value that it cannot hold.
 */
export function encodeCommand<N extends CommandName>(name: N, args: Partial<Operands<N>>): Uint32Array {
  const shape: CommandShape = named(commands, 'command', name)
  const words = new Uint32Array(8)
  words[0] = shape.opcode
  for (const [key, value] of Object.entries(args)) {
    const [dw, field] = named(shape.args, `operand of ${name}`, key)
    const number = (typeof value === 'boolean' ? Number(value) : value) as number
    if (!fits(field, number)) throw new RangeError(`${name}.${key} cannot hold ${shown(value)}`)
    words[2 * dw]! |= field.putLo(number)
    words[2 * dw + 1]! |= field.putHi(number)
  }
  return words
}
