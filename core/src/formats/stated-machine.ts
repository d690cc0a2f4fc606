import type { GicRegisters } from '../abi/index.ts'
import { type Gpa, type GpaRange, LoadableMemory } from '../memory/index.ts'
import { type FileEdits, type WriteBack, writeBackOf } from './machine-file.ts'
import { formatWords } from './origin.ts'
import type { SavedMachine } from './saved-machine.ts'

/** What files say of a machine beside the pages of its RAM. */
export interface MachineFacts
  extends Pick<
    SavedMachine,
    'kind' | 'origin' | 'machine' | 'registers' | 'blocks' | 'unlocated' | 'msi' | 'virtio' | 'vcpus' | 'files'
  > {
  /** What can be written, where that is not left to the files. */
  readonly writeBack?: WriteBack
}

/** A saved machine of which files have said all but the pages of its RAM. */
export abstract class StatedMachine implements SavedMachine {
  readonly kind: SavedMachine['kind']
  readonly origin: SavedMachine['origin']
  readonly format: string
  readonly machine: string
  readonly registers: GicRegisters
  readonly blocks: SavedMachine['blocks']
  readonly unlocated: SavedMachine['unlocated']
  readonly msi: SavedMachine['msi']
  readonly virtio: SavedMachine['virtio']
  readonly vcpus: SavedMachine['vcpus']
  readonly files: SavedMachine['files']
  readonly writeBack: WriteBack
  abstract readonly ranges: readonly GpaRange[]

  constructor(facts: MachineFacts) {
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
    this.writeBack = facts.writeBack ?? writeBackOf(facts.files)
  }

  memory(): LoadableMemory {
    return new LoadableMemory(this.ranges)
  }

  abstract load(memory: LoadableMemory, ranges: readonly GpaRange[]): Promise<void>
  abstract missingPages(ranges: readonly GpaRange[]): Gpa[]
  abstract zeros(ranges: readonly GpaRange[]): GpaRange[]
  abstract edits(pages: ReadonlyMap<Gpa, Uint8Array>, registers?: GicRegisters): Promise<FileEdits[]>
}
