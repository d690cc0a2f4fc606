import type { GicRegisters, MsiFunction, SavedVcpu } from '../../abi/index.ts'
import { coalesce, type Gpa, type GpaRange, type LoadableMemory, PAGE_BYTES } from '../../memory/index.ts'
import type { VirtioDevice } from '../../virtio/index.ts'
import { type Edit, editedLength } from '../edits.ts'
import type { FileEdits, SavedFile } from '../machine-file.ts'
import { loadPages, type PlacedPage } from '../page-loader.ts'
import { StatedMachine } from '../stated-machine.ts'
import { StreamReader } from '../stream-reader.ts'
import type { DeviceState } from './device-state.ts'
import { redistributorEdits } from './gic-state.ts'
import { PageBuilder, Wanted } from './page-builder.ts'
import { PageEdits } from './page-edits.ts'
import { RECORD } from './page-index.ts'
import type { RamMap } from './ram-map.ts'
import { QemuStream } from './stream.ts'

/** What the device sections of a stream say, and where it begins in its file. */
export interface DeviceFacts {
  readonly registers: GicRegisters
  /** The state that the redistributors are in. */
  readonly gic: DeviceState
  readonly msi: readonly MsiFunction[]
  readonly virtio: readonly VirtioDevice[]
  readonly vcpus: readonly SavedVcpu[]
  readonly start: number
}

/** A VM saved by QEMU, as a stream or as a mapped-ram file. */
export class QemuMachine extends StatedMachine {
  readonly #file: SavedFile
  readonly #gic: DeviceState
  readonly #start: number
  readonly #ram: RamMap
  readonly #lastRecord: number
  readonly #end: number

  constructor(file: SavedFile, stream: QemuStream, map: RamMap, { start, gic, ...facts }: DeviceFacts) {
    const ram = stream.capabilities.has('mapped-ram') ? 'mapped-ram' : 'stream'
    super({
      ...facts,
      kind: 'qemu',
      origin: { vmm: 'qemu', ram, container: file.container },
      machine: stream.machine,
      blocks: [...stream.blocks.values()].map(({ name, bytes }) => ({ name, bytes })),
      unlocated: map.unlocated,
      files: [file],
    })
    this.#file = file
    this.#gic = gic
    this.#start = start
    this.#ram = map
    this.#lastRecord = stream.lastRecord
    this.#end = stream.end
  }

  get ranges(): readonly GpaRange[] {
    return this.#ram.ranges
  }

  missingPages(ranges: readonly GpaRange[]): Gpa[] {
    const missing: Gpa[] = []
    for (const { base, pages, kind } of this.#ram.runs(ranges)) {
      if (kind === 0) for (let i = 0; i < pages; i++) missing.push((base + i * PAGE_BYTES) as Gpa)
    }
    return missing
  }

  zeros(ranges: readonly GpaRange[]): GpaRange[] {
    const zeros = [...this.#ram.runs(ranges)].filter(({ kind }) => kind <= RECORD.zero)
    return coalesce(zeros.map(({ base, pages }) => ({ base, bytes: pages * PAGE_BYTES })))
  }

  async load(memory: LoadableMemory, ranges: readonly GpaRange[]): Promise<void> {
    const whole: PlacedPage[] = []
    const wanted = new Wanted()
    for (const { base, block, page: first, pages, kind } of this.#ram.runs(ranges)) {
      if (kind <= RECORD.zero) {
        memory.loadZeros(base, pages * PAGE_BYTES)
        continue
      }
      for (let i = 0; i < pages; i++) {
        const at = (base + i * PAGE_BYTES) as Gpa
        if (memory.isLoaded(at)) continue
        if (kind === RECORD.page) whole.push({ at, offset: block.contentsOffset(first + i) })
        else wanted.add(at, block, first + i)
      }
    }
    await loadPages(this.#file.source, memory, whole)
    if (wanted.pages.length > 0) await this.#replay(memory, wanted)
  }

  async edits(pages: ReadonlyMap<Gpa, Uint8Array>, registers = this.registers): Promise<FileEdits[]> {
    const edits = await new PageEdits(this.#file.source, this.#ram, this.#lastRecord).plan(pages)
    edits.push(...redistributorEdits(this.#gic, registers.redistributors))
    edits.sort((a, b) => a.offset - b.offset)
    edits.push(...this.#cut(edits))
    return edits.length === 0 ? [] : [{ file: this.#file, edits }]
  }

  /** What a stream grows by, a volume has behind it: there it ends as it did, and what lay at its end is of no stream. */
  #cut(edits: readonly Edit[]): Edit[] {
    const { byteLength } = this.#file.source
    const remove = Math.min(editedLength(this.#file.source, edits) - byteLength, byteLength - this.#end)
    return remove <= 0 ? [] : [{ offset: byteLength - remove, remove, insert: new Uint8Array(0) }]
  }

  async #replay(memory: LoadableMemory, wanted: Wanted): Promise<void> {
    const reader = new StreamReader(this.#file.source, this.#start)
    await new QemuStream(reader, new PageBuilder(reader, wanted.blocks)).read()
    for (const { at, contents } of wanted.pages) memory.load(at, contents)
  }
}
