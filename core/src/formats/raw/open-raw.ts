import { readExactly } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { guestRam } from '../guest-ram.ts'
import { JsonValue } from '../json/json-value.ts'
import { inFile, type MachineFile, type SavedFile, withoutFolders } from '../machine-file.ts'
import { PieceMachine, type RamPiece } from '../piece-machine.ts'
import type { OpenOptions, SavedMachine } from '../saved-machine.ts'
import { unpacked } from '../unpacked.ts'
import { type ListedPiece, REGISTERS_FORMAT, readRegisters, redistributorEdits } from './registers-file.ts'

const LARGEST_REGISTERS = 64 << 20
/** An object whose first members, up to the one that tells, are no objects or arrays themselves. */
const BEGINS = new RegExp(`^\\s*\\{[^{}[\\]]*"format"\\s*:\\s*"${REGISTERS_FORMAT}"`)

/** True for what a file of registers begins with. */
export const isRegistersFile = (start: string): boolean => BEGINS.test(start)

/** Opens raw RAM by the file of registers that says where it lies; `beside` are the files that hold it. */
export async function openRaw(file: SavedFile, options: OpenOptions, beside: readonly MachineFile[]): Promise<SavedMachine> {
  const { source } = file
  const { byteLength } = source
  if (byteLength > LARGEST_REGISTERS) throw new FormatError(LARGEST_REGISTERS, 'a file of registers', `${byteLength} bytes`)
  const what = 'a file of registers'
  const read = readRegisters(JsonValue.of(await readExactly(source, 0, byteLength, what), what))
  const { machine, registers, ram, msi } = read
  guestRam(
    ram.map(({ base, bytes, file: name }) => ({ base, bytes, name: name ?? 'RAM' })),
    ram[0]?.value.offset ?? 0,
  )
  const opened = new Map<MachineFile, SavedFile>()
  const pieces: RamPiece[] = []
  for (const piece of ram.filter(({ file: name }) => name !== null)) {
    const holder = holderOf(piece, ram, beside)
    const saved = opened.get(holder) ?? (await inFile(holder, () => unpacked(holder, options)))[0]
    opened.set(holder, saved)
    const { base, bytes, offset } = piece
    const end = offset + bytes
    if (end > saved.source.byteLength) {
      const { byteLength: length } = saved.source
      throw new FormatError(length, `${end} bytes, as ${file.name || 'the file of registers'} has it`, `${length}`).in(
        holder.name,
      )
    }
    pieces.push({ base, bytes, file: saved, offset })
  }
  return new PieceMachine(
    {
      kind: 'raw',
      origin: { vmm: 'raw' },
      machine,
      registers,
      blocks: ram.map(({ file: name, bytes }) => ({ name: name ?? 'RAM', bytes })),
      unlocated: [],
      msi,
      virtio: [],
      vcpus: [],
      files: [file, ...opened.values()],
      absent: ram.filter(({ file: name }) => name === null),
      registerEdits: ({ redistributors }) => {
        const edits = redistributorEdits(read, redistributors)
        return edits.length === 0 ? [] : [{ file, edits }]
      },
    },
    pieces,
  )
}

/** The file of that name; where the list has one file or names none, whichever was given for RAM. */
function holderOf(piece: ListedPiece, ram: readonly ListedPiece[], beside: readonly MachineFile[]): MachineFile {
  const { file, value } = piece
  const named = file === undefined ? undefined : beside.find(({ name }) => withoutFolders(name) === withoutFolders(file!))
  if (named !== undefined) return named
  const isOnly = new Set(ram.flatMap((one) => (one.file === null ? [] : [one.file]))).size === 1
  const given =
    beside.find(({ part }) => part === 'memory') ?? onlyOne(beside.filter(({ part }) => part === undefined)) ?? onlyOne(beside)
  if (isOnly && given !== undefined && (file === undefined || given.part !== 'found')) return given
  throw value.wrong(file === undefined ? 'a file that holds this RAM' : `the file "${file}" with this RAM`)
}

const onlyOne = (files: readonly MachineFile[]): MachineFile | undefined => (files.length === 1 ? files[0] : undefined)
