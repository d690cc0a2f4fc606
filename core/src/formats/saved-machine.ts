import type { GicRegisters, MsiFunction, SavedVcpu } from '../abi/index.ts'
import type { Gpa, GpaRange, LoadableMemory } from '../memory/index.ts'
import type { VirtioDevice } from '../virtio/index.ts'
import type { FileEdits, SavedFile, WriteBack } from './machine-file.ts'
import type { MachineKind, Origin } from './origin.ts'

/** The guest RAM of a machine whose registers are not known. */
export interface RamAlone extends Pick<SavedMachine, 'ranges' | 'memory' | 'load'> {
  /** How many vCPUs the machine has, if its file tells. */
  readonly vcpus: number | undefined
}

/** What finds the registers of a machine that was saved without any. @throws FormatError where it does not. */
export type FindRegisters = (ram: RamAlone, options: Pick<OpenOptions, 'progress'>) => Promise<GicRegisters>

export interface OpenOptions {
  /** For dumps, which hold RAM and no registers: refused when this is not given. */
  readonly findRegisters?: FindRegisters
  /** Bytes that may be kept of what a compressed file holds, which spares decoding it again: 128 MiB when not given. */
  readonly keeping?: number
  /** Bytes of the file indexed so far, and all of them. */
  readonly progress?: (done: number, total: number) => void
}

/** No machine has more ITSes. */
export const MOST_ITSES = 256

/** A piece of memory as a file lists it. */
export interface ListedBlock {
  readonly name: string
  readonly bytes: number
}

/** A saved machine whose RAM has been located but not read. */
export interface SavedMachine {
  readonly kind: MachineKind
  /** What the VMM wrote; of a case, the machine that it was made of. */
  readonly origin: Origin
  /** What the files are, for people: `QEMU stream`. Nothing is to be decided by it. */
  readonly format: string
  /** The machine type it was saved from: `virt-7.2`. */
  readonly machine: string
  readonly registers: GicRegisters
  /** Guest RAM, in address order. */
  readonly ranges: readonly GpaRange[]
  /** The memory that the file lists, of devices too, before anything was concluded about it; nothing when it does not list any. */
  readonly blocks: readonly ListedBlock[]
  /** Where guest RAM may be that the file holds without telling its address; whether there is any, and what it holds, is not known. */
  readonly unlocated: readonly GpaRange[]
  /** The PCI functions with MSI or MSI-X, in the order of the file. */
  readonly msi: readonly MsiFunction[]
  /** The virtio functions among them, in the order of the file; none where the file was made by a version that did not read them. */
  readonly virtio: readonly VirtioDevice[]
  /** In the order of the redistributors; what those that are missing did is not known. */
  readonly vcpus: readonly SavedVcpu[]
  /** Guest RAM with nothing loaded yet. */
  memory(): LoadableMemory
  /** Reads the pages of `ranges` that `memory` does not hold yet. Parts outside RAM are ignored. */
  load(memory: LoadableMemory, ranges: readonly GpaRange[]): Promise<void>
  /** The pages of `ranges` that the file holds no record of; they load as zeros. */
  missingPages(ranges: readonly GpaRange[]): Gpa[]
  /** The pages of `ranges` that are known to be zeros before they are read, as whole runs: the file says so, or has no record of them. */
  zeros(ranges: readonly GpaRange[]): GpaRange[]
  /** What everything here was read from. */
  readonly files: readonly SavedFile[]
  readonly writeBack: WriteBack
  /**
   * The edits that give pages of RAM new contents, and the redistributors those GICR_PROPBASER and GICR_PENDBASER, of each file that
   * changes; everything else stays byte-identical. See `changedPages` and `applyEdits`.
   *
   * @param registers those of the machine with other values in these registers; nothing where none changes
   * @throws RangeError for a page that is not in RAM or not whole.
   */
  edits(pages: ReadonlyMap<Gpa, Uint8Array>, registers?: GicRegisters): Promise<FileEdits[]>
}
