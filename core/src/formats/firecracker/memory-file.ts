import { type Gpa, type GpaRange, PAGE_BYTES } from '../../memory/index.ts'
import { storedBytes } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { guestRam, type NamedRange } from '../guest-ram.ts'
import { inFile, type MachineFile, type SavedFile } from '../machine-file.ts'
import { compressionOf } from '../packed/decoded-source.ts'
import type { ListedBlock } from '../saved-machine.ts'
import { firstBytes, unpacked } from '../unpacked.ts'
import type { RamRun } from './layered-machine.ts'
import type { Vmstate } from './vmstate.ts'

/** A VM has one region, or two around the gap for devices, and one for memory that is plugged. */
const MOST_REGIONS = 64
const MOST_SLOTS = 1 << 16

/** Guest RAM as a state describes it, and what of it the file of RAM holds. */
export interface RamLayout {
  readonly runs: readonly RamRun[]
  readonly blocks: readonly ListedBlock[]
  /** Bytes of the file: slots that are not plugged have their place in it too. */
  readonly fileBytes: number
  /** Bytes of the slots that are plugged. */
  readonly bytes: number
}

type Region = Vmstate['first']['memory']['regions'][number]

/** @throws FormatError where the regions cannot be a guest's. @source Firecracker src/vmm/src/vstate/memory.rs, GuestMemoryExtension::dump */
export function ramLayout({ first, start }: Vmstate): RamLayout {
  const { regions } = first.memory
  if (regions.length === 0 || regions.length > MOST_REGIONS) {
    throw new FormatError(start, `1 to ${MOST_REGIONS} memory regions`, `${regions.length}`)
  }
  const runs: (RamRun & NamedRange)[] = []
  const blocks: ListedBlock[] = []
  let offset = 0
  for (const [i, region] of regions.entries()) {
    const name = `region ${i}`
    const bytes = Number(region.size)
    blocks.push({ name, bytes })
    for (const { base, bytes: slotBytes, at } of pluggedSlots(region, name, start)) {
      runs.push({ name, base, bytes: slotBytes, offset: offset + at })
    }
    offset += bytes
  }
  guestRam(runs, start)
  return { runs, blocks, fileBytes: offset, bytes: runs.reduce((sum, { bytes }) => sum + bytes, 0) }
}

interface Slot extends GpaRange {
  /** From the beginning of its region. */
  readonly at: number
}

/** The parts of a region that the guest has: all of it up to 1.13. */
function pluggedSlots(region: Region, name: string, start: number): Slot[] {
  const [first, bytes] = [Number(region.base_address), Number(region.size)]
  const plugged = 'plugged' in region ? region.plugged : [true]
  const slotBytes = bytes / plugged.length
  if (plugged.length === 0 || plugged.length > MOST_SLOTS || slotBytes % PAGE_BYTES !== 0) {
    throw new FormatError(start, `1 to ${MOST_SLOTS} slots of whole pages in ${name}`, `${plugged.length}`)
  }
  return plugged.flatMap((isPlugged, i): Slot[] => {
    const at = i * slotBytes
    return isPlugged ? [{ base: (first + at) as Gpa, bytes: slotBytes, at }] : []
  })
}

/** The file that holds RAM and the layers below it, the nearest first. */
export type RamFiles = readonly [SavedFile, ...SavedFile[]]

/**
 * Takes the files of RAM from among those beside a state.
 *
 * @throws FormatError where there is none, or several could be it, one has another size than the state says, or one has holes and nothing below it.
 */
export async function ramFiles(layout: RamLayout, beside: readonly MachineFile[]): Promise<RamFiles> {
  const below: SavedFile[] = []
  for (const base of beside.filter(({ part }) => part === 'base')) below.push(await opened(base, layout))
  const memory = await memoryFile(layout, beside)
  if (below.length === 0) refuseHoles(memory, layout)
  return [memory, ...below]
}

async function memoryFile(layout: RamLayout, beside: readonly MachineFile[]): Promise<SavedFile> {
  const [named, another] = beside.filter(({ part }) => part === 'memory')
  if (another !== undefined) throw new FormatError(0, 'one file of RAM', 'another').in(another.name)
  if (named !== undefined) return opened(named, layout)
  const found = beside.filter(({ part }) => part === 'found' || part === undefined)
  const [whole, other] = found.filter(({ source }) => source.byteLength === layout.fileBytes)
  if (whole !== undefined && other === undefined) return opened(whole, layout)
  const several = 'several files of that size: name the one (--mem)'
  if (whole !== undefined) throw new FormatError(0, `the ${layout.fileBytes} bytes of its RAM`, several)
  const [packed, ...more] = await packedAmong(found)
  if (packed !== undefined && more.length === 0) return opened(packed, layout)
  const [only, ...rest] = found
  if (only !== undefined && rest.length === 0) return opened(only, layout)
  const none =
    found.length === 0 ? 'no file of RAM beside it: name it (--mem)' : `no file of that size beside it: name it (--mem)`
  throw new FormatError(0, `the ${layout.fileBytes} bytes of its RAM`, none)
}

async function packedAmong(files: readonly MachineFile[]): Promise<MachineFile[]> {
  const starts = await Promise.all(files.map(({ source }) => firstBytes(source)))
  return files.filter((_, i) => compressionOf(starts[i]!) !== undefined)
}

/** A file of RAM, of the size that it has to have. RAM itself may begin as what is compressed does. */
function opened(file: MachineFile, { fileBytes }: RamLayout): Promise<SavedFile> {
  return inFile(file, async () => {
    if (file.source.byteLength === fileBytes) return { ...file, compression: undefined, container: { kind: 'plain' } }
    const [saved] = await unpacked(file, {})
    const { byteLength } = saved.source
    if (byteLength === fileBytes) return saved
    throw new FormatError(Math.min(byteLength, fileBytes), `${fileBytes} bytes of RAM, as its state says`, `${byteLength}`)
  })
}

/** Firecracker writes all of a whole snapshot, and of a diff only what was changed. */
function refuseHoles({ name, source, compression }: SavedFile, { bytes }: RamLayout): void {
  const stored = storedBytes(source)
  // Some file systems tell nothing.
  if (compression !== undefined || stored === 0 || stored >= bytes) return
  const found = `${stored} on the disk: a diff snapshot is checked with the file that it changes (--base), and a whole one that was made sparse has to be copied whole (cp --sparse=never)`
  throw new FormatError(0, `all ${bytes} bytes of RAM`, found).in(name)
}
