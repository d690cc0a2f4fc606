import { PAGE_BYTES } from '../../memory/index.ts'
import { storedBytes } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { type StreamReader, shown } from '../stream-reader.ts'
import { type DeviceSection, DeviceSections, type UndescribedSection } from './device-sections.ts'
import { mappedPages } from './mapped-ram.ts'
import { skipToFooter } from './opaque-section.ts'
import type { IndexBudget } from './page-index.ts'
import { RamBlock } from './ram-block.ts'
import { RAM_SAVE_FLAG, RamRecords, type RecordSink } from './ram-records.ts'
import { SECTION } from './section.ts'

const COMMAND_PACKAGED = 7
const COMMAND_POSTCOPY_ADVISE = 3
const PAGE_BITS = Math.log2(PAGE_BYTES)
const GIB = 2 ** 30
/** RAM a stream may claim without having a plausible number of page records for it. */
const UNPROVEN_RAM = 64 * GIB
const LARGEST_RAM = 16384 * GIB
/** Index memory for any stream; more is for those that take more room where they are stored. */
const INDEX_LEAST = 128 << 20
/** The shortest record of a page: a header and the byte it is filled with. */
const SHORTEST_RECORD = 9

/** Reads a QEMU migration stream, version 3, from its header to its end. */
export class QemuStream {
  machine = ''
  readonly capabilities = new Set<string>()
  /** Where the last ram section has its end-of-section record: a record put in before it belongs to the stream. */
  lastRecord = 0
  readonly #reader: StreamReader
  readonly #ram: RamRecords
  readonly #budget: IndexBudget
  /** Sections that are sent in several pieces: number to name. */
  readonly #started = new Map<number, string>()
  readonly #devices: DeviceSections
  #hugePages = false
  #isRamDone = false

  constructor(reader: StreamReader, sink: RecordSink) {
    this.#reader = reader
    this.#ram = new RamRecords(reader, sink)
    this.#devices = new DeviceSections(reader.source)
    this.#budget = { bytes: 2 * storedBytes(reader.source) + INDEX_LEAST }
  }

  get blocks(): ReadonlyMap<string, RamBlock> {
    return this.#ram.blocks
  }

  get devices(): readonly DeviceSection[] {
    return this.#devices.found
  }

  /** Behind the stream and its description; what follows, as on a volume that is larger, is no part of it. */
  get end(): number {
    return this.#devices.end
  }

  /** Reads everything. @throws FormatError where the stream is not one. */
  async read(): Promise<void> {
    await this.#header()
    const reader = this.#reader
    for (;;) {
      await reader.need(1, 'a section or the end of the stream')
      const type = reader.u8()
      if (type === SECTION.eof) {
        if (this.#devices.areWaiting) throw this.#devices.missing()
        return
      }
      if (type === SECTION.configuration) await this.#configuration()
      else if (type === SECTION.command) await this.#command()
      else await this.#section(type)
    }
  }

  async #header(): Promise<void> {
    const reader = this.#reader
    await reader.need(8, 'the header of a QEMU migration stream')
    const start = reader.offset
    const magic = reader.bytes.subarray(reader.at, reader.at + 4)
    if (reader.text(4) !== 'QEVM') throw new FormatError(start, 'a QEMU migration stream ("QEVM")', shown(magic))
    const version = reader.u32()
    if (version !== 3) throw new FormatError(start + 4, 'version 3 of the QEMU migration stream', `version ${version}`)
  }

  async #configuration(): Promise<void> {
    const reader = this.#reader
    await reader.need(4, 'the machine name')
    const at = reader.offset
    const length = reader.u32()
    if (length > 255) throw new FormatError(at, 'the length of a machine name', `${length}`)
    this.machine = await reader.printableText(length, 'the machine name')
    for (;;) {
      await reader.need(1, 'a subsection of the configuration, or a section')
      if (reader.bytes[reader.at] !== SECTION.subsection) return
      reader.skip(1, '')
      await this.#configurationPart()
    }
  }

  async #configurationPart(): Promise<void> {
    const reader = this.#reader
    const at = reader.offset
    const name = await reader.name('the name of a subsection of the configuration')
    await reader.need(8, name)
    reader.u32()
    if (name === 'configuration/target-page-bits') {
      const bits = reader.u32()
      if (bits !== PAGE_BITS) throw new FormatError(reader.offset - 4, `${PAGE_BITS} target page bits`, `${bits}`)
    } else if (name === 'configuration/capabilities') {
      const count = reader.u32()
      for (let i = 0; i < count; i++) this.capabilities.add(await reader.name('the name of a capability'))
    } else if (name === 'configuration/uuid') {
      await reader.need(16, name)
      reader.skip(16, name)
    } else throw new FormatError(at, 'a known subsection of the configuration', `"${name}"`)
  }

  async #command(): Promise<void> {
    const reader = this.#reader
    const at = reader.offset
    await reader.need(4, 'a command')
    const command = reader.u16()
    const length = reader.u16()
    if (command === COMMAND_PACKAGED)
      throw new FormatError(at, 'a complete stream', 'a postcopy package, whose RAM stayed behind')
    if (command === COMMAND_POSTCOPY_ADVISE && length === 16) {
      await reader.need(length, 'the command POSTCOPY_ADVISE')
      this.#hugePages = reader.u64() !== PAGE_BYTES
      reader.skip(8, 'the command POSTCOPY_ADVISE')
    } else reader.skip(length, 'the data of a command')
  }

  async #section(type: number): Promise<void> {
    const reader = this.#reader
    const at = reader.offset - 1
    await reader.need(4, 'the number of a section')
    const begins = type === SECTION.start || type === SECTION.full
    if (!begins && type !== SECTION.part && type !== SECTION.end) {
      throw new FormatError(at, 'a section or the end of the stream', `section type 0x${type.toString(16)}`)
    }
    const id = reader.u32()
    if (begins) {
      const name = await reader.name('the name of a section')
      await reader.need(8, 'the instance and version of a section')
      const instance = reader.u32()
      reader.u32()
      if (type === SECTION.full) await this.#deviceState({ name, instance, offset: reader.offset }, { at, id })
      else this.#started.set(id, name)
    }
    if (type !== SECTION.full) await this.#iteration(at, id)
    if (type === SECTION.end && this.#started.get(id) === 'ram') this.#isRamDone = true
    await this.#footer(id)
  }

  /** A piece of what is sent in several: RAM, or something whose contents do not matter here. */
  async #iteration(at: number, id: number): Promise<void> {
    const name = this.#started.get(id)
    if (name === undefined) throw new FormatError(at, 'a section that was started', `section ${id}`)
    if (name === 'ram') await this.#ramRecords()
    else await skipToFooter(this.#reader, id, this.#started)
  }

  async #footer(id: number): Promise<void> {
    const reader = this.#reader
    await reader.need(5, 'the footer of a section')
    const at = reader.offset
    const [type, number] = [reader.u8(), reader.u32()]
    if (type !== SECTION.footer || number !== id) {
      throw new FormatError(at, `the footer of section ${id}`, `0x${type.toString(16)} and ${number}`)
    }
  }

  async #deviceState(section: UndescribedSection, { at, id }: { readonly at: number; readonly id: number }): Promise<void> {
    const reader = this.#reader
    if (await this.#devices.areDescribed(at, this.#isRamDone)) {
      reader.skip(this.#devices.add(section), `the state of ${section.name}`)
      return
    }
    await skipToFooter(reader, id, this.#started)
    this.#devices.wait({ ...section, bytes: reader.offset - section.offset })
  }

  async #ramRecords(): Promise<void> {
    const reader = this.#reader
    for (;;) {
      await reader.need(8, 'a RAM record')
      if (reader.at >= reader.limit) await reader.refill()
      const stop = this.#ram.scan()
      if (stop === 'sizes follow') await this.#sizes()
      if (stop === 'section ends') {
        this.lastRecord = reader.offset - 8
        return
      }
    }
  }

  /** The record that names all blocks: their lengths add up to its value. */
  async #sizes(): Promise<void> {
    const reader = this.#reader
    const at = reader.offset
    const total = reader.u64() - RAM_SAVE_FLAG.sizes
    if (total > LARGEST_RAM) throw new FormatError(at, 'at most 16 TiB of RAM', `${total / GIB} GiB`)
    if (total > UNPROVEN_RAM && (total / PAGE_BYTES / 16) * SHORTEST_RECORD > reader.source.byteLength) {
      throw new FormatError(at, `records for ${total / GIB} GiB of RAM`, `a file of ${reader.source.byteLength} bytes`)
    }
    for (let left = total; left > 0; ) {
      const start = reader.offset
      const name = await reader.name('the name of a RAM block')
      await reader.need(8, 'the length of a RAM block')
      const bytes = reader.u64()
      if (bytes > left || bytes % PAGE_BYTES !== 0)
        throw new FormatError(start, `a RAM block of at most ${left} bytes`, `${bytes}`)
      if (this.blocks.has(name)) throw new FormatError(start, 'a RAM block of a new name', `"${name}" again`)
      await this.#blockExtras()
      const mapped = this.capabilities.has('mapped-ram') ? await mappedPages(reader, bytes) : undefined
      this.#ram.blocks.set(name, new RamBlock(name, bytes, this.#budget, mapped))
      left -= bytes
    }
  }

  /** What some capabilities put after a block's length. */
  async #blockExtras(): Promise<void> {
    const reader = this.#reader
    if (this.#hugePages) {
      await reader.need(8, 'the page size of a RAM block')
      // Only blocks of another page size than the host's have one. A next block's name, or a record's flags, look different.
      const pageSize = reader.u64()
      if (pageSize === 0 || pageSize % PAGE_BYTES !== 0 || pageSize > GIB) reader.at -= 8
    }
    if (this.capabilities.has('x-ignore-shared')) reader.skip(8, 'the address of a RAM block')
  }
}
