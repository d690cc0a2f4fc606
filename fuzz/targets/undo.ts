import { createHash } from 'node:crypto'
import { applyEdits, bytesSource, type Edit, readUndo, undoFile, undoText } from '@vits/core/formats'
import { ExitCode } from '../../cli/src/exit-code.ts'
import { digesting } from '../../cli/src/node/digesting.ts'
import { vits } from '../../cli/src/testing/fake-io.ts'
import { mutateJson } from '../models/json.ts'
import { isPrintable } from '../oracles/documents.ts'
import { MemoryDisk } from '../oracles/memory-disk.ts'
import { refusedWithPlace } from '../oracles/refusal.ts'
import type { Random } from '../random.ts'
import { type Ask, Broken, type Target } from '../target.ts'

/** An undo record as JSON; its digest is written when it becomes a file. */
interface UndoModel {
  readonly record: unknown
  /** The digest stays as it was. */
  isForged: boolean
  /** What follows the record, or how much of it is left. */
  tail: string
  cut: number
}

const VM = 'vm.mig'
const UNDO = `${VM}.undo`

const word = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const original = new Uint8Array(4096).fill(0x55)
/** What a repair did to the files of a VM: overwrote words, or changed the length. */
const edits: Readonly<Record<string, readonly Edit[]>> = {
  [VM]: [
    { offset: 16, remove: 8, insert: word },
    { offset: 512, remove: 8, insert: word },
  ],
  'vm.mem': [
    { offset: 0, remove: 0, insert: word },
    { offset: 100, remove: 50, insert: word },
  ],
}

const digest = (file: Uint8Array) => createHash('sha256').update(file).digest('hex')

/** Takes back a repair with the record, of files as the repair left them or as they were. */
const ask: Ask = async (file, random) => {
  const repaired = await Promise.all(Object.entries(edits).map(async ([name, list]) => [name, await edited(list)] as const))
  const before: Record<string, Uint8Array> = random.once(4) ? { [VM]: original } : Object.fromEntries(repaired)
  const memory = new MemoryDisk({ ...before, [UNDO]: file })
  const { code, out, err } = await vits(['undo', VM], memory.files, { disk: memory.disk })
  const told = `exit ${code}, ${err.slice(0, 300)}`
  if (/internal error|RangeError|TypeError/.test(err)) throw new Broken('the program knows its errors', told)
  isPrintable(out)
  isPrintable(err)
  if (code === ExitCode.Ok) return isTakenBack(file, memory.files)
  if (code !== ExitCode.Failed) throw new Broken('the program ends with a code of its own', told)
  for (const [name, bytes] of Object.entries({ ...before, [UNDO]: file })) {
    if (memory.files[name] === undefined || Buffer.compare(memory.files[name], bytes) !== 0)
      throw new Broken('what is refused leaves every file as it is', name)
  }
  return refusedRecord(file)
}

function refusedRecord(file: Uint8Array): 'refused' | 'answered' {
  try {
    readUndo(new TextDecoder().decode(file), digesting)
    return 'answered'
  } catch (error) {
    refusedWithPlace(error)
    return 'refused'
  }
}

/** Every file of the record has the digest that the record says it had. */
function isTakenBack(record: Uint8Array, files: Readonly<Record<string, Uint8Array>>): 'repaired' {
  if (files[UNDO] !== undefined) throw new Broken('a record that is done with is removed', UNDO)
  const read = readUndo(new TextDecoder().decode(record), digesting)
  for (const { name, digests, bytesBefore } of read.files) {
    const file = files[read.files.length === 1 ? VM : name]
    if (file?.length !== bytesBefore || (digests !== undefined && digest(file) !== digests.before))
      throw new Broken('what is taken back is as it was', name)
  }
  return 'repaired'
}

async function edited(list: readonly Edit[]): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of applyEdits(bytesSource(original), list)) pieces.push(piece.slice())
  return new Uint8Array(Buffer.concat(pieces))
}

async function corpus(): Promise<ReadonlyMap<string, () => UndoModel>> {
  const files = await Promise.all(
    Object.entries(edits).map(([name, list]) => undoFile(name, bytesSource(original), list, digesting)),
  )
  const whole = JSON.parse(undoText({ files, words: [] }, digesting))
  const one = JSON.parse(undoText({ files: files.slice(0, 1), words: ['0x1000: 1 to 2'] }, digesting))
  const { sha256: _, ...body } = one
  const old = (body.files as Record<string, unknown>[]).map(({ sha256Before: _before, sha256After: _after, ...rest }) => rest)
  const second = { ...body, version: 2, files: old, checksum: '' }
  const { files: __, ...first } = { ...body, version: 1, ...old[0], file: VM, checksum: '' }
  return new Map(
    Object.entries({ 'one file': one, 'two files': whole, 'version 2': second, 'version 1': first }).map(([name, record]) => {
      const text = JSON.stringify(record)
      return [name, () => ({ record: JSON.parse(text), isForged: false, tail: '', cut: 0 })]
    }),
  )
}

/** The digest that a record has of the rest of itself. */
function withDigest(record: unknown): unknown {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return record
  const { sha256, checksum, ...body } = record as Record<string, unknown>
  const text = JSON.stringify(body)
  if (sha256 !== undefined) return { ...body, sha256: createHash('sha256').update(text).digest('hex') }
  return checksum === undefined ? body : { ...body, checksum: crc(text) }
}

/** CRC-32 of a text's UTF-16 code units, as records of versions 1 and 2 have it. */
function crc(text: string): string {
  let sum = ~0
  for (const byte of Buffer.from(text, 'utf16le')) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0)
  }
  return (~sum >>> 0).toString(16).padStart(8, '0')
}

const member = (model: UndoModel, random: Random) => mutateJson(model.record, random)

export const undo: Target<UndoModel> = {
  name: 'undo records',
  what: 'every member of an undo record, of each version, with a digest that is right: what `vits undo` makes of the files',
  share: 100,
  corpus,
  mutators: [
    ...Array.from({ length: 6 }, () => member),
    (model, random) => {
      model.isForged = true
      member(model, random)
    },
    (model, random) => {
      model.tail = random.pick(['}', '\0', ' ', '[]', '\u001b[2J'])
    },
    (model, random) => {
      model.cut = 1 + random.below(40)
    },
  ],
  file: ({ record, isForged, tail, cut }) => {
    const text = JSON.stringify(isForged ? record : withDigest(record), null, 1)
    return new TextEncoder().encode(`${text.slice(0, text.length - cut)}${tail}`)
  },
  ask,
}
