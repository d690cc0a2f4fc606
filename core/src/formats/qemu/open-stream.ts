import type { GicRegisters } from '../../abi/index.ts'
import { type Gpa, type GpaRange, GuestMemory } from '../../memory/index.ts'
import { type ByteSource, readExactly } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import type { OpenOptions, SavedMachine } from '../saved-machine.ts'
import { StreamReader } from '../stream-reader.ts'
import { DeviceState } from './device-state.ts'
import { itsRegisters, redistributors } from './gic-state.ts'
import { RECORD } from './page-index.ts'
import { loadPages, type PlacedPage } from './page-loader.ts'
import { type RamMap, ramMap } from './ram-map.ts'
import type { RecordSink } from './ram-records.ts'
import { Replay, Wanted } from './replay.ts'
import { QemuStream } from './stream.ts'

/** Opens a QEMU migration stream: indexes its RAM and takes the GIC's registers out. */
export async function openQemuStream(source: ByteSource, options: OpenOptions): Promise<SavedMachine> {
  const stream = new QemuStream(new StreamReader(source, 0, options.progress), indexing)
  await stream.read()
  const ram = ramMap(stream.machine, stream.blocks, stream.lastRecord)
  const states = new Map<string, DeviceState[]>()
  for (const section of stream.devices) {
    if (section.device.name !== 'arm_gicv3' && section.device.name !== 'arm_gicv3_its') continue
    const bytes = await readExactly(source, section.offset, section.bytes, section.device.name)
    states.set(section.device.name, [...(states.get(section.device.name) ?? []), new DeviceState(section, bytes)])
  }
  const [gic] = states.get('arm_gicv3') ?? []
  const its = (states.get('arm_gicv3_its') ?? []).map(itsRegisters)
  const [first] = its
  if (gic === undefined || first === undefined) {
    const missing = gic === undefined ? 'arm_gicv3' : 'arm_gicv3_its'
    throw new FormatError(stream.lastRecord, `the state of a GICv3 with an ITS (section ${missing})`, 'a stream without it')
  }
  return new QemuMachine(source, options, stream, ram, { its: first, redistributors: redistributors(gic) }, its.length)
}

/** Keeps the place of each page's last record. */
const indexing: RecordSink = {
  record(block, page, kind, named, offset) {
    block.index.set(page, offset, kind, named)
  },
}

class QemuMachine implements SavedMachine {
  readonly format = 'QEMU stream'
  readonly machine: string
  readonly registers: GicRegisters
  readonly itsCount: number
  readonly msi = []
  readonly source: ByteSource
  readonly #ram: RamMap
  readonly #options: OpenOptions

  constructor(
    source: ByteSource,
    options: OpenOptions,
    stream: QemuStream,
    ram: RamMap,
    registers: GicRegisters,
    itsCount: number,
  ) {
    this.source = source
    this.machine = stream.machine
    this.registers = registers
    this.itsCount = itsCount
    this.#ram = ram
    this.#options = options
  }

  get ranges(): readonly GpaRange[] {
    return this.#ram.ranges
  }

  memory(): GuestMemory {
    return new GuestMemory(this.ranges.map((range) => ({ ...range, backing: 'loaded' })))
  }

  missingPages(ranges: readonly GpaRange[]): Gpa[] {
    const missing: Gpa[] = []
    for (const offset of this.#ram.pages(ranges)) {
      const { block, page } = this.#ram.find(offset)
      if (block.index.kind(page) === 0) missing.push((this.#ram.base + offset) as Gpa)
    }
    return missing
  }

  async load(memory: GuestMemory, ranges: readonly GpaRange[]): Promise<void> {
    const whole: PlacedPage[] = []
    const wanted = new Wanted()
    for (const offset of this.#ram.pages(ranges)) {
      const at = (this.#ram.base + offset) as Gpa
      const region = memory.region(at)
      if (region === undefined || region.isLoaded(at - region.base)) continue
      const { block, page } = this.#ram.find(offset)
      const kind = block.index.kind(page)
      if (kind === RECORD.page) whole.push({ at, offset: block.index.offset(page) + block.headerBytes(page) })
      else if (kind <= RECORD.zero) region.loadZeros(at - region.base)
      else wanted.add(at, block, page)
    }
    await loadPages(this.source, memory, whole)
    if (wanted.pages.length > 0) await this.#replay(memory, wanted)
  }

  async #replay(memory: GuestMemory, wanted: Wanted): Promise<void> {
    const reader = new StreamReader(this.source)
    await new QemuStream(reader, new Replay(reader, wanted.blocks, this.#options.codecs ?? {})).read()
    for (const { at, contents } of wanted.pages) {
      const region = memory.region(at)
      region?.load(at - region.base, contents)
    }
  }
}
