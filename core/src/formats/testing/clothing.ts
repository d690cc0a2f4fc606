import type { GicRegisters, MsiFunction, SavedVcpu } from '../../abi/index.ts'
import { type Gpa, PAGE_BYTES, type ReadonlyMemory } from '../../memory/index.ts'
import type { VirtioDevice } from '../../virtio/index.ts'
import { bytesSource, type MachineFile, type OpenOptions } from '../index.ts'

/** A saved VM with nothing on: what a writer of a format is given. All of RAM is in memory. */
export interface BareVm {
  readonly memory: ReadonlyMemory
  readonly registers: GicRegisters
  readonly msi: readonly MsiFunction[]
  readonly virtio: readonly VirtioDevice[]
  readonly vcpus: readonly SavedVcpu[]
}

/** A format's writer, for tests: what it writes is read as what it was given, but for what the format does not have. */
export interface Clothing {
  readonly name: string
  /** Whether the format, or its writer here, carries the MSI state of PCI functions. */
  readonly hasMsi: boolean
  /** Whether it can hold more than one ITS. */
  readonly hasItses: boolean
  /** Whether RAM may be in several ranges. */
  readonly hasGaps: boolean
  files(vm: BareVm): readonly MachineFile[] | Promise<readonly MachineFile[]>
  /** What whoever opens the files has to know besides. */
  readonly options?: (vm: BareVm) => OpenOptions
}

/** Pages of RAM by their addresses. */
export type Pages = ReadonlyMap<Gpa, Uint8Array>

const ZEROS = Buffer.alloc(PAGE_BYTES)
const known = new WeakMap<ReadonlyMemory, Pages>()

/** The pages of RAM that are not zero; found once for each memory. */
export function nonzeroPages(memory: ReadonlyMemory): Pages {
  const found = known.get(memory) ?? new Map(pagesWithContents(memory))
  known.set(memory, found)
  return found
}

function* pagesWithContents(memory: ReadonlyMemory): Generator<[Gpa, Uint8Array]> {
  for (const { base, bytes } of memory.ranges) {
    for (let at = base; at < base + bytes; at = (at + PAGE_BYTES) as Gpa) {
      const page = memory.read(at, PAGE_BYTES)
      if (!ZEROS.equals(page)) yield [at, page]
    }
  }
}

/** RAM as it lies in a file of its own: all of a range. */
export const ramOf = ({ memory }: BareVm) => memory.ranges.map(({ base, bytes }) => ({ base, bytes: memory.read(base, bytes) }))

/** The one file of a VM. */
export const oneFile = (bytes: Uint8Array): readonly MachineFile[] => [{ name: 'vm', source: bytesSource(bytes) }]
