import type { GicRegisters } from '../../abi/index.ts'
import { type Gpa, type GpaRange, LoadableMemory } from '../../memory/index.ts'
import type { FileEdits, SavedFile, WriteBack } from '../machine-file.ts'
import { formatWords } from '../origin.ts'
import type { MachineFacts } from '../piece-machine.ts'
import type { SavedMachine } from '../saved-machine.ts'
import type { Kdump } from './kdump.ts'

/** A machine of which there is a kdump-compressed file. */
export class KdumpMachine implements SavedMachine {
  readonly kind: SavedMachine['kind']
  readonly origin: SavedMachine['origin']
  readonly format: string
  readonly machine: string
  readonly registers: GicRegisters
  readonly blocks: SavedMachine['blocks']
  readonly unlocated: readonly GpaRange[]
  readonly msi: SavedMachine['msi']
  readonly virtio: SavedMachine['virtio']
  readonly vcpus: SavedMachine['vcpus']
  readonly files: readonly SavedFile[]
  /** A page that is packed has no room for another. */
  readonly writeBack: WriteBack = { to: 'nowhere', because: 'kdump' }
  readonly #kdump: Kdump

  constructor(facts: MachineFacts, kdump: Kdump) {
    this.kind = facts.kind
    this.origin = facts.origin
    this.format = formatWords(facts.kind, facts.origin)
    this.machine = facts.machine
    this.registers = facts.registers
    this.blocks = facts.blocks
    this.unlocated = facts.unlocated
    this.msi = facts.msi
    this.virtio = facts.virtio
    this.vcpus = facts.vcpus
    this.files = facts.files
    this.#kdump = kdump
  }

  get ranges(): readonly GpaRange[] {
    return this.#kdump.ranges
  }

  memory(): LoadableMemory {
    return new LoadableMemory(this.ranges)
  }

  load(memory: LoadableMemory, ranges: readonly GpaRange[]): Promise<void> {
    return this.#kdump.load(memory, ranges)
  }

  missingPages(ranges: readonly GpaRange[]): Gpa[] {
    return this.#kdump.missingPages(ranges)
  }

  async edits(): Promise<FileEdits[]> {
    throw new RangeError('the pages of a kdump file cannot be changed: see writeBack')
  }
}
