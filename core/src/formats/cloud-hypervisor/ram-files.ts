import { coalesce, type GpaRange } from '../../memory/index.ts'
import { readExactly } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { guestRam } from '../guest-ram.ts'
import { JsonValue } from '../json/json-value.ts'
import { inFile, type MachineFile, type SavedFile, withoutFolders } from '../machine-file.ts'
import { withoutRanges } from '../page-runs.ts'
import type { RamPiece } from '../piece-machine.ts'
import type { OpenOptions } from '../saved-machine.ts'
import { unpacked } from '../unpacked.ts'
import type { RamLayout, RamMapping } from './ram-layout.ts'

const RANGES_FILE = 'memory-ranges'
const CONFIG_FILE = 'config.json'
const LARGEST_CONFIG = 16 << 20
const MOST_ZONES = 1 << 10

/** The files that hold guest RAM, and which of them holds what. */
export interface RamFiles {
  readonly pieces: readonly RamPiece[]
  /** RAM that is in files which are not here. */
  readonly absent: readonly GpaRange[]
  /** What was read for it. */
  readonly files: readonly SavedFile[]
}

/** @throws FormatError when a file is not there that must be, or is not as long as it must be. */
export async function ramFiles(layout: RamLayout, beside: readonly MachineFile[], options: OpenOptions): Promise<RamFiles> {
  const finder = new RamFinder(layout, beside, options)
  return finder.find()
}

class RamFinder {
  readonly #layout: RamLayout
  readonly #beside: readonly MachineFile[]
  readonly #options: OpenOptions
  readonly #opened = new Map<MachineFile, SavedFile>()
  readonly #pieces: RamPiece[] = []

  constructor(layout: RamLayout, beside: readonly MachineFile[], options: OpenOptions) {
    this.#layout = layout
    this.#beside = beside
    this.#options = options
  }

  async find(): Promise<RamFiles> {
    const { ranges, mappings, offset } = this.#layout
    const named = [
      ...ranges.map((range) => ({ ...range, name: 'memory_ranges' })),
      ...this.#leftOut().map((one) => ({ ...one, name: one.zone })),
    ]
    guestRam(named, offset)
    if (ranges.length > 0) await this.#takeRanges()
    const config = this.#named(CONFIG_FILE)
    const leftOut = this.#leftOut()
    if (leftOut.length > 0 && config !== undefined) await this.#takeZones(leftOut, await this.#open(config))
    const absent = withoutRanges(coalesce(leftOut), coalesce(this.#pieces))
    // What there is of the configuration belongs to the snapshot, needed or not.
    if (config !== undefined && mappings.length > 0) await this.#open(config)
    return { pieces: this.#pieces, absent, files: [...this.#opened.values()] }
  }

  /** The regions that memory-ranges does not hold, because they are in a file that stays. */
  #leftOut(): (RamMapping & GpaRange)[] {
    const held = coalesce(this.#layout.ranges)
    const regions = [...this.#layout.mappings].filter(({ isVirtioMem }) => !isVirtioMem)
    return regions.flatMap((region) =>
      withoutRanges([region], held).map(({ base, bytes }) => ({
        ...region,
        base,
        bytes,
        fileOffset: region.fileOffset + (base - region.base),
      })),
    )
  }

  async #takeRanges(): Promise<void> {
    const { ranges, offset } = this.#layout
    const whole = this.#beside.find(({ part }) => part === 'memory') ?? this.#named(RANGES_FILE)
    if (whole === undefined) return this.#takeSlots()
    const file = await this.#open(whole)
    const bytes = ranges.reduce((sum, range) => sum + range.bytes, 0)
    if (file.source.byteLength !== bytes) {
      const end = Math.min(bytes, file.source.byteLength)
      throw new FormatError(end, `${bytes} bytes of RAM, as state.json has it`, `${file.source.byteLength}`).in(file.name)
    }
    let at = 0
    for (const range of ranges) {
      this.#pieces.push({ ...range, file, offset: at })
      at += range.bytes
    }
    if (this.#pieces.length === 0) throw new FormatError(offset, 'guest RAM', 'none')
  }

  /** The offload daemon puts each slot into a file of its own. @source offload_daemon/src/main.rs */
  async #takeSlots(): Promise<void> {
    const { mappings, offset } = this.#layout
    for (const mapping of mappings) {
      const found = this.#named(`memory-${mapping.slot}`)
      if (found === undefined) throw new FormatError(offset, `the file ${RANGES_FILE} with this RAM beside state.json`, 'none')
      const file = await this.#open(found)
      if (file.source.byteLength < mapping.bytes) {
        const { byteLength } = file.source
        throw new FormatError(byteLength, `${mapping.bytes} bytes of RAM, as state.json has it`, `${byteLength}`).in(file.name)
      }
      this.#pieces.push({ base: mapping.base, bytes: mapping.bytes, file, offset: 0 })
    }
  }

  async #takeZones(leftOut: readonly RamMapping[], config: SavedFile): Promise<void> {
    const names = await inFile(config, () => zoneFiles(config))
    for (const { zone, base, bytes, fileOffset } of leftOut) {
      const path = names.get(zone)
      const found = path === undefined ? undefined : this.#named(withoutFolders(path))
      if (found === undefined) continue
      const file = await this.#open(found)
      const end = fileOffset + bytes
      if (file.source.byteLength < end) {
        const { byteLength } = file.source
        throw new FormatError(byteLength, `${end} bytes in the file of the zone "${zone}"`, `${byteLength}`).in(file.name)
      }
      this.#pieces.push({ base, bytes, file, offset: fileOffset })
    }
  }

  #named(name: string): MachineFile | undefined {
    return this.#beside.find((file) => withoutFolders(file.name) === name)
  }

  async #open(file: MachineFile): Promise<SavedFile> {
    const known = this.#opened.get(file)
    if (known !== undefined) return known
    const [opened] = await inFile(file, () => unpacked(file, this.#options))
    this.#opened.set(file, opened)
    return opened
  }
}

/** The file of each zone that has one. @source vmm/src/vm_config.rs, MemoryZoneConfig */
async function zoneFiles({ source }: SavedFile): Promise<ReadonlyMap<string, string>> {
  if (source.byteLength > LARGEST_CONFIG)
    throw new FormatError(LARGEST_CONFIG, 'the configuration of a VM', `${source.byteLength} bytes`)
  const config = JsonValue.of(await readExactly(source, 0, source.byteLength, 'the configuration of a VM'), CONFIG_FILE)
  const zones = config.member('memory').members().get('zones')
  if (zones === undefined || zones.isNull) return new Map()
  return new Map(
    zones.elements(MOST_ZONES).flatMap((zone) => {
      const file = zone.members().get('file')
      return file === undefined || file.isNull ? [] : [[zone.member('id').string(), file.string()] as const]
    }),
  )
}
