import type { GicRegisters, MsiFunction } from '../../abi/index.ts'
import { type Gpa, type GpaRange, LoadableMemory } from '../../memory/index.ts'
import type { ByteSource } from '../byte-source.ts'
import type { Edit } from '../edits.ts'
import { loadPages, type PlacedPage } from '../page-loader.ts'
import type { OpenOptions, SavedMachine } from '../saved-machine.ts'
import { StreamReader } from '../stream-reader.ts'
import { PageEdits } from './page-edits.ts'
import { RECORD } from './page-index.ts'
import type { RamMap } from './ram-map.ts'
import { Replay, Wanted } from './replay.ts'
import { QemuStream } from './stream.ts'

/** Where a stream lies when it is not the whole source. */
export interface Inside {
  /** Offset of its first byte. */
  readonly start?: number
  /** What holds it, for people: `in a libvirt save`. */
  readonly format?: string
}

/** What the device sections of a stream say. */
export interface DeviceFacts {
  readonly registers: GicRegisters
  readonly msi: readonly MsiFunction[]
  readonly inside: Inside
}

/** A VM saved by QEMU, as a stream or as a mapped-ram file. */
export class QemuMachine implements SavedMachine {
  readonly format: string
  readonly machine: string
  readonly registers: GicRegisters
  readonly msi: readonly MsiFunction[]
  readonly source: ByteSource
  readonly #start: number
  readonly #ram: RamMap
  readonly #lastRecord: number
  readonly #options: OpenOptions

  constructor(source: ByteSource, options: OpenOptions, stream: QemuStream, ram: RamMap, facts: DeviceFacts) {
    const format = stream.capabilities.has('mapped-ram') ? 'QEMU mapped-ram file' : 'QEMU stream'
    this.format = facts.inside.format === undefined ? format : `${format} ${facts.inside.format}`
    this.#start = facts.inside.start ?? 0
    this.machine = stream.machine
    this.registers = facts.registers
    this.msi = facts.msi
    this.source = source
    this.#ram = ram
    this.#lastRecord = stream.lastRecord
    this.#options = options
  }

  get ranges(): readonly GpaRange[] {
    return this.#ram.ranges
  }

  memory(): LoadableMemory {
    return new LoadableMemory(this.ranges)
  }

  missingPages(ranges: readonly GpaRange[]): Gpa[] {
    const missing: Gpa[] = []
    for (const offset of this.#ram.pages(ranges)) {
      const { block, page } = this.#ram.find(offset)
      if (block.kind(page) === 0) missing.push((this.#ram.base + offset) as Gpa)
    }
    return missing
  }

  async load(memory: LoadableMemory, ranges: readonly GpaRange[]): Promise<void> {
    const whole: PlacedPage[] = []
    const wanted = new Wanted()
    for (const offset of this.#ram.pages(ranges)) {
      const at = (this.#ram.base + offset) as Gpa
      if (memory.isLoaded(at)) continue
      const { block, page } = this.#ram.find(offset)
      const kind = block.kind(page)
      if (kind === RECORD.page) whole.push({ at, offset: block.contentsOffset(page) })
      else if (kind <= RECORD.zero) memory.loadZeros(at)
      else wanted.add(at, block, page)
    }
    await loadPages(this.source, memory, whole)
    if (wanted.pages.length > 0) await this.#replay(memory, wanted)
  }

  edits(pages: ReadonlyMap<Gpa, Uint8Array>): Promise<Edit[]> {
    return new PageEdits(this.source, this.#ram, this.#lastRecord).plan(pages)
  }

  async #replay(memory: LoadableMemory, wanted: Wanted): Promise<void> {
    const reader = new StreamReader(this.source, this.#start)
    await new QemuStream(reader, new Replay(reader, wanted.blocks, this.#options.codecs ?? {})).read()
    for (const { at, contents } of wanted.pages) memory.load(at, contents)
  }
}
