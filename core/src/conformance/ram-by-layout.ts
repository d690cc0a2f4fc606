import type { GicRegisters } from '../abi/index.ts'
import { coalesce, type Gpa, type GpaRange, PAGE_BYTES, type ReadonlyMemory } from '../memory/index.ts'
import { dteRanges, ittRanges, lpiRanges, registerRanges, tableView } from '../tables/index.ts'

/** A piece of memory as a saved machine lists it. */
export interface ListedBlock {
  readonly name: string
  readonly bytes: number
}

/** Memory of the virt machine begins here; what is plugged into it comes from the next GiB on. */
const BASE = 2 ** 30
const GIB = 2 ** 30
const END = 2 ** 48
/** Flash, ROMs, video memory and what the host shares with a guest. */
const OTHERS = ['virt.flash', '/rom@', 'pvtime']
const DEVICE_ENDS = ['.rom', 'vram']
/** Slots that a VM in the lab has to spare. */
const MOST_PIECES = 16

/**
 * Guest RAM by what the file lists and where the virt machine puts things, whatever a reader of the file made of it: the judge of a
 * reader must not be given the reader's own map. It holds the RAM that the machine was started with, and, when more memory is
 * listed than that, every page among what can be plugged that the tables name: there is RAM, or the guest would not have named it.
 */
export function ramByLayout(
  blocks: readonly ListedBlock[],
  memory: ReadonlyMemory,
  registers: GicRegisters,
): readonly GpaRange[] {
  const listed = blocks.filter(
    ({ name }) => !OTHERS.some((o) => name.startsWith(o)) && !DEVICE_ENDS.some((e) => name.endsWith(e)),
  )
  const whole = listed.find(({ name }) => name === 'mach-virt.ram')
  const first = whole === undefined ? listed.filter(({ name }) => !name.includes(':')) : [whole]
  const started = first.reduce((sum, { bytes }) => sum + bytes, 0)
  const ram = { base: BASE as Gpa, bytes: started }
  if (first.length === listed.length) return [ram]
  const plugged = Math.ceil((BASE + started) / GIB) * GIB
  const tables = registers.itses.flatMap((_, its) => {
    const { deviceTable } = tableView(registers, its)
    return [...registerRanges(registers, its), ...dteRanges(memory, deviceTable), ...ittRanges(memory, deviceTable)]
  })
  const named = [...tables, ...lpiRanges(registers)]
  const pages = named.flatMap(({ base, bytes }) => {
    const start = base - (base % PAGE_BYTES)
    const end = Math.ceil((base + bytes) / PAGE_BYTES) * PAGE_BYTES
    return start >= plugged && end <= END ? [{ base: start as Gpa, bytes: end - start }] : []
  })
  return [ram, ...joined(coalesce(pages))]
}

/** At most so many pieces as there are slots: those that lie closest together become one. */
function joined(pieces: readonly GpaRange[]): GpaRange[] {
  const gaps = pieces.slice(1).map(({ base }, i) => base - pieces[i]!.base - pieces[i]!.bytes)
  const widestClosed = [...gaps].sort((a, b) => b - a)[MOST_PIECES - 1] ?? 0
  const found: GpaRange[] = []
  pieces.forEach((piece, i) => {
    const last = found.at(-1)
    if (last === undefined || gaps[i - 1]! > widestClosed) found.push(piece)
    else found[found.length - 1] = { base: last.base, bytes: piece.base + piece.bytes - last.base }
  })
  return found
}
