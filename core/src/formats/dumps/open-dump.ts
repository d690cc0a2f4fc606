import type { GicRegisters } from '../../abi/index.ts'
import { type Gpa, type GpaRange, PAGE_BYTES } from '../../memory/index.ts'
import { FormatError } from '../format-error.ts'
import { guestRam } from '../guest-ram.ts'
import type { SavedFile } from '../machine-file.ts'
import type { QemuOrigin } from '../origin.ts'
import { type PieceFacts, PieceMachine, type RamPiece } from '../piece-machine.ts'
import type { OpenOptions, RamAlone, SavedMachine } from '../saved-machine.ts'
import { readElfCore } from './elf-core.ts'
import { unflattened } from './flattened.ts'
import { MOST_RANGES, readKdump } from './kdump.ts'
import { KdumpMachine } from './kdump-machine.ts'

/** Opens an ELF core file of a machine: RAM lies in it as it lay in the guest. */
export async function openElfDump(file: SavedFile, options: OpenOptions): Promise<SavedMachine> {
  const { segments, listed, vcpus } = await readElfCore(file.source)
  const named = segments.map(({ base, bytes }, n) => ({ base, bytes, name: `segment ${n}` }))
  const { length } = guestRam(named, listed)
  if (length > MOST_RANGES) throw new FormatError(listed, `RAM in at most ${MOST_RANGES} pieces`, `${length}`)
  const pieces: RamPiece[] = []
  const absent: GpaRange[] = []
  for (const { base, bytes, offset, filed } of segments) {
    if (filed % PAGE_BYTES !== 0) throw new FormatError(listed, 'whole pages of each segment', `${filed} bytes of one`)
    if (filed > 0) pieces.push({ base, bytes: filed, file, offset })
    if (filed < bytes) absent.push({ base: (base + filed) as Gpa, bytes: bytes - filed })
  }
  const facts = { ...dumpFacts(file, 'elf'), absent }
  const ram = new PieceMachine({ ...facts, registers: NO_REGISTERS }, pieces)
  return new PieceMachine({ ...facts, registers: await registersOf(ram, vcpus, options) }, pieces)
}

/** Opens a kdump-compressed file: each page of RAM is packed by itself. */
export async function openKdump(file: SavedFile, options: OpenOptions): Promise<SavedMachine> {
  const kdump = await readKdump(file.source)
  const facts = dumpFacts(file, 'kdump')
  const ram = new KdumpMachine({ ...facts, registers: NO_REGISTERS }, kdump)
  return new KdumpMachine({ ...facts, registers: await registersOf(ram, kdump.vcpus, options) }, kdump)
}

/** Opens a kdump-compressed file as it comes through a pipe. */
export async function openFlattened(file: SavedFile, options: OpenOptions): Promise<SavedMachine> {
  return openKdump({ ...file, source: await unflattened(file.source, options.progress) }, options)
}

const NO_REGISTERS: GicRegisters = { itses: [], redistributors: [] }

function dumpFacts(file: SavedFile, ram: QemuOrigin['ram']): Omit<PieceFacts, 'registers'> {
  const origin = { vmm: 'qemu', ram, container: { kind: 'plain' } } as const
  const nothing = { blocks: [], unlocated: [], msi: [], virtio: [], vcpus: [] }
  return { kind: 'qemu', origin, machine: 'arm64', files: [file], ...nothing }
}

function registersOf(
  ram: Omit<RamAlone, 'vcpus'>,
  vcpus: number | undefined,
  { findRegisters, progress }: OpenOptions,
): Promise<GicRegisters> {
  if (findRegisters === undefined) throw new FormatError(0, 'a saved VM with registers', 'a dump, which holds RAM alone')
  const alone = {
    ranges: ram.ranges,
    vcpus,
    memory: () => ram.memory(),
    load: (...wanted: Parameters<RamAlone['load']>) => ram.load(...wanted),
  }
  return findRegisters(alone, progress === undefined ? {} : { progress })
}
