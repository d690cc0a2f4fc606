import { COMMAND_BYTES, type CommandName, commands, encodeCommand, type Field, type Operand } from '@vits/core/abi'
import { type CaseModel, caseFile, namedAddresses, setWord, word } from '../models/case.ts'
import { guestCases } from '../models/guest-cases.ts'
import { guestTables } from '../models/guest-tables.ts'
import { mutateField } from '../models/layout-words.ts'
import { edgeNumber, edgeWord } from '../numbers.ts'
import { askSavedVm } from '../oracles/saved-vm.ts'
import type { Random } from '../random.ts'
import type { Mutator, Target } from '../target.ts'

/** A case with the places of the commands in its queues. */
interface QueueModel extends CaseModel {
  readonly slots: readonly number[]
}

const names = Object.keys(commands) as CommandName[]

const slot = ({ slots }: QueueModel, random: Random): number => random.pick(slots)

/** Another operand of a command, whatever its opcode means. */
const operand: Mutator<QueueModel> = (model, random) => {
  const at = slot(model, random)
  const [dw, field] = random.pick(Object.values(commands[random.pick(names)].args as Readonly<Record<string, Operand>>))
  const was = word(model, at + dw * 8)
  if (was === undefined) return
  const { lo, hi } = mutateField({ fields: { field } }, was, namedAddresses(model), random)
  setWord(model, at + dw * 8, lo, hi)
}

const opcode: Mutator<QueueModel> = (model, random) => {
  const at = slot(model, random)
  const was = word(model, at)
  const code = random.once(4) ? random.below(256) : commands[random.pick(names)].opcode
  if (was !== undefined) setWord(model, at, ((was.lo & ~0xff) | code) >>> 0, was.hi)
}

/** A command with operands that fit, in a slot. */
const command: Mutator<QueueModel> = (model, random) => {
  const name = random.pick(names)
  const args = Object.entries(commands[name].args as Readonly<Record<string, Operand>>)
  const values = Object.fromEntries(args.map(([key, [, field]]) => [key, operandValue(field, model, random)]))
  write(model, slot(model, random), encodeCommand(name, values))
}

function operandValue(field: Field, model: QueueModel, random: Random): number {
  const unit = 2 ** field.scale
  const limit = 2 ** (field.hi - field.lo + 1)
  if (field.scale > 0) return (Math.floor(random.pick(namedAddresses(model)) / unit) % limit) * unit
  return (random.once(2) ? random.below(Math.min(limit, 40)) : edgeNumber(random, Math.min(17, field.hi - field.lo + 1))) % limit
}

function write(model: QueueModel, at: number, words: Uint32Array): void {
  for (let i = 0; i < words.length; i += 2) setWord(model, at + i * 4, words[i]!, words[i + 1]!)
}

const copyCommand: Mutator<QueueModel> = (model, random) => {
  const [from, to] = [slot(model, random), slot(model, random)]
  for (let i = 0; i < COMMAND_BYTES; i += 8) {
    const value = word(model, from + i)
    if (value !== undefined) setWord(model, to + i, value.lo, value.hi)
  }
}

const anyWord: Mutator<QueueModel> = (model, random) => {
  const value = edgeWord(random)
  setWord(model, slot(model, random) + 8 * random.below(4), Number(value & 0xffff_ffffn), Number(value >> 32n))
}

const clearCommand: Mutator<QueueModel> = (model, random) => write(model, slot(model, random), new Uint32Array(8))

/** The guest was about to send more, or had sent less. */
const pointers: Mutator<QueueModel> = ({ header }, random) => {
  const its = random.pick(header.registers.itses)
  const which = random.once(2) ? 'cwriter' : 'creadr'
  its[which] = `0x${((Number(BigInt(its[which]) & 0xf_ffe0n) + (random.below(9) - 4) * COMMAND_BYTES) & 0xf_ffe0).toString(16)}`
}

async function corpus(): Promise<ReadonlyMap<string, () => QueueModel>> {
  const cases = await guestCases()
  return new Map(
    [...cases].flatMap(([name, made]) => {
      const { commands: slots } = guestTables(made())
      return slots.length === 0 ? [] : [[name, () => ({ ...made(), slots })] as const]
    }),
  )
}

export const queue: Target<QueueModel> = {
  name: 'queue',
  what: 'the command queue: operands, opcodes, whole commands of every kind, copies, CWRITER and CREADR',
  share: 65,
  corpus,
  mutators: [operand, operand, operand, opcode, command, command, copyCommand, anyWord, clearCommand, pointers],
  file: caseFile,
  ask: askSavedVm,
}
