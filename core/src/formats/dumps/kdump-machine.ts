import type { Gpa, GpaRange, LoadableMemory } from '../../memory/index.ts'
import type { FileEdits } from '../machine-file.ts'
import { type MachineFacts, StatedMachine } from '../stated-machine.ts'
import type { Kdump } from './kdump.ts'

/** A machine of which there is a kdump-compressed file. */
export class KdumpMachine extends StatedMachine {
  readonly #kdump: Kdump

  constructor(facts: MachineFacts, kdump: Kdump) {
    // A page that is packed has no room for another.
    super({ ...facts, writeBack: { to: 'nowhere', because: 'kdump' } })
    this.#kdump = kdump
  }

  get ranges(): readonly GpaRange[] {
    return this.#kdump.ranges
  }

  load(memory: LoadableMemory, ranges: readonly GpaRange[]): Promise<void> {
    return this.#kdump.load(memory, ranges)
  }

  missingPages(ranges: readonly GpaRange[]): Gpa[] {
    return this.#kdump.missingPages(ranges)
  }

  zeros(ranges: readonly GpaRange[]): GpaRange[] {
    return this.#kdump.zeros(ranges)
  }

  async edits(): Promise<FileEdits[]> {
    throw new RangeError('the pages of a kdump file cannot be changed: see writeBack')
  }
}
