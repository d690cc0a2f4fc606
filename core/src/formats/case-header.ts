import {
  GICR_TYPER,
  type GicRegisters,
  hex,
  type MsiFunction,
  type MsiTarget,
  msiTarget,
  registerSources,
  type SavedIts,
  type SavedVcpu,
  VGIC_V3_MAX_CPUS,
  VIRT_ITS,
  vcpuActivities,
} from '../abi/index.ts'
import { GPA_LIMIT, type Gpa, type GpaRange, PAGE_BYTES } from '../memory/index.ts'
import { readVirtioDevice, virtioJson } from './case-virtio.ts'
import { FormatError } from './format-error.ts'
import { LARGEST_RAM } from './guest-ram.ts'
import { type Json, JsonReader, parseJson } from './json-reader.ts'
import { type Container, compressions, firecrackerReleases, type Origin, qemuRams, snapshotVersions } from './origin.ts'
import { PageRuns } from './page-runs.ts'
import { MOST_ITSES, type SavedMachine } from './saved-machine.ts'

/** What a case says before the contents of its pages. */
export interface CaseHeader
  extends Pick<
    SavedMachine,
    'origin' | 'machine' | 'registers' | 'blocks' | 'ranges' | 'unlocated' | 'msi' | 'virtio' | 'vcpus'
  > {
  /** The pages whose contents follow, in this order. */
  readonly pages: PageRuns
  /** The pages that the machine had as zeros. Others were not saved, or not taken along. */
  readonly zeros: PageRuns
}

/** The versions of a case: the first knew one ITS, and of the machine's origin the words. */
export const caseVersions = { first: 1, written: 2 } as const
export type CaseVersion = (typeof caseVersions)[keyof typeof caseVersions]

const MOST_PAGES = 2 ** 24
/** KVM puts frames of ITSes on 64 KiB only. */
const ITS_ALIGNMENT = 0x1_0000n
const { processorNumber } = GICR_TYPER.fields
const PROCESSOR_NUMBERS = 2 ** (processorNumber.hi - processorNumber.lo + 1)
/** Bus, device and function of PCI have 16 bits. */
const ROUTING_IDS = 2 ** 16

/** The header as JSON: u64 values as hexadecimal strings, runs of pages as [first, count]. */
export function caseHeaderJson({ registers, virtio, vcpus, ranges, unlocated, pages, zeros, ...facts }: CaseHeader): string {
  const itses = registers.itses.map(({ base, ...its }) => ({ base: base === undefined ? undefined : hex(base), ...its }))
  const runsOf = { ranges: runs(ranges), unlocated: runs(unlocated), pages: runs(pages.ranges), zeros: runs(zeros.ranges) }
  const devices = { ...(virtio.length > 0 && { virtio: virtio.map(virtioJson) }), ...(vcpus.length > 0 && { vcpus }) }
  const json = { ...facts, registers: { ...registers, itses }, ...devices, ...runsOf }
  return JSON.stringify(json, (_, value: unknown) => (typeof value === 'bigint' ? hex(value) : value))
}

function runs(ranges: readonly GpaRange[]): [string, number][] {
  return ranges.map(({ base, bytes }) => [hex(base), bytes / PAGE_BYTES])
}

/** @throws FormatError naming `offset`, where the header lies. */
export function readCaseHeader(text: string, offset: number, version: CaseVersion): CaseHeader {
  const json = parseJson(text)
  if (json === undefined) throw new FormatError(offset, 'the header of a case (JSON)', text.slice(0, 40))
  return new HeaderReader(offset).header(json, version)
}

class HeaderReader {
  readonly #json: JsonReader

  constructor(offset: number) {
    this.#json = new JsonReader(offset, 'the header of a case')
  }

  header(value: unknown, version: CaseVersion): CaseHeader {
    const json = this.#json
    const header = json.object(value)
    const saved = json.object(header['registers'])
    const first = version === caseVersions.first
    const origin = first ? this.#originOfWords(json.string(header['format'])) : this.#origin(json.object(header['origin']))
    const itses = first ? this.#onlyIts(saved, json.count(header['itsCount'])) : this.#itses(saved)
    return {
      origin,
      machine: json.string(header['machine']),
      registers: { ...itses, redistributors: this.#redistributors(saved), ...this.#inferred(saved) },
      blocks: json.array(header['blocks'] ?? []).map((element) => {
        const { name, bytes } = json.object(element)
        return { name: json.string(name), bytes: json.count(bytes, GPA_LIMIT) }
      }),
      ranges: this.#ram(header['ranges']),
      unlocated: this.#runs(header['unlocated'] ?? [], GPA_LIMIT / PAGE_BYTES),
      msi: json.array(header['msi']).map((element) => this.#msi(json.object(element), itses.itses)),
      virtio: json.array(header['virtio'] ?? []).map((element) => readVirtioDevice(json, json.object(element))),
      vcpus: json.array(header['vcpus'] ?? []).map((element) => this.#vcpu(json.object(element))),
      pages: new PageRuns(this.#runs(header['pages'], MOST_PAGES)),
      zeros: new PageRuns(this.#runs(header['zeros'], MOST_PAGES)),
    }
  }

  #origin({ vmm: word, ram, container, versions, release, snapshot }: Json): Origin {
    const json = this.#json
    const vmm = json.oneOf(word, ['qemu', 'cloud-hypervisor', 'firecracker', 'raw'])
    if (vmm === 'raw') return { vmm }
    if (vmm === 'cloud-hypervisor') return { vmm, versions: json.oneOf(versions, snapshotVersions) }
    if (vmm === 'firecracker') {
      const of = { release: json.oneOf(release, firecrackerReleases), snapshot: json.string(snapshot) }
      return { vmm, ...of, ram: json.oneOf(ram, ['full', 'diff']) }
    }
    return {
      vmm,
      ram: json.oneOf(ram, qemuRams),
      container: this.#container(json.object(container)),
    }
  }

  #container({ kind, storage, snapshot }: Json): Container {
    const json = this.#json
    const known = json.oneOf(kind, ['plain', 'libvirt', 'qcow2', 'qcow2-disk'])
    if (known === 'libvirt') return { kind: known, storage: json.oneOf(storage, ['raw', ...compressions]) }
    return known === 'qcow2' ? { kind: known, snapshot: json.string(snapshot) } : { kind: known }
  }

  /** Version 1 said in words what the machine was saved as. */
  #originOfWords(words: string): Origin {
    const found = /^QEMU (stream|mapped-ram file)(?:( in a libvirt save)(?: \((gzip|zstd)\))?| in qcow2 snapshot "(.*)")?$/.exec(
      words,
    )
    if (found === null) throw this.#json.wrong('what a machine was saved as', words)
    const [, ram, libvirt, storage = 'raw', snapshot] = found
    const container =
      libvirt !== undefined ? { kind: 'libvirt', storage } : { kind: snapshot === undefined ? 'plain' : 'qcow2', snapshot }
    return this.#origin({ vmm: 'qemu', ram: ram === 'stream' ? ram : 'mapped-ram', container })
  }

  /** Version 1 held the first ITS of a QEMU virt machine, and how many there were. */
  #onlyIts({ its }: Json, count: number): Pick<GicRegisters, 'itses' | 'unreadItses'> {
    const itses = [{ ...this.#its(this.#json.object(its)), base: VIRT_ITS }]
    return count > 1 ? { itses, unreadItses: count - 1 } : { itses }
  }

  #itses({ itses: value, unreadItses }: Json): Pick<GicRegisters, 'itses' | 'unreadItses'> {
    const json = this.#json
    const itses = json.array(value).map((element) => this.#its(json.object(element)))
    const bases = itses.flatMap(({ base }) => base ?? [])
    if (itses.length === 0 || itses.length > MOST_ITSES) throw json.wrong(`1 to ${MOST_ITSES} ITSes`, itses.length)
    if (new Set(bases).size < bases.length) throw json.wrong('ITSes at different addresses', 'two at one')
    return unreadItses === undefined ? { itses } : { itses, unreadItses: json.count(unreadItses) }
  }

  #its({ base, ctlr, iidr, cbaser, cwriter, creadr, baser }: Json): SavedIts {
    const json = this.#json
    const words = json.array(baser).map((word) => json.u64(word))
    if (words.length !== 8) throw json.wrong('8 BASERs', words.length)
    return {
      base: base === undefined ? undefined : this.#frame(base),
      ctlr: json.count(ctlr),
      iidr: json.count(iidr),
      cbaser: json.u64(cbaser),
      cwriter: json.u64(cwriter),
      creadr: json.u64(creadr),
      baser: words,
    }
  }

  #frame(value: unknown): Gpa {
    const base = this.#json.u64(value)
    if (base % ITS_ALIGNMENT !== 0n || base >= GPA_LIMIT) throw this.#json.wrong('the address of an ITS', value)
    return Number(base) as Gpa
  }

  #redistributors({ redistributors }: Json): GicRegisters['redistributors'] {
    const json = this.#json
    const list = json.array(redistributors)
    if (list.length === 0 || list.length > VGIC_V3_MAX_CPUS)
      throw json.wrong(`1 to ${VGIC_V3_MAX_CPUS} redistributors`, list.length)
    const seen = new Set<number>()
    return list.map((element) => {
      const { ctlr, propbaser, pendbaser, copyOf, ...rest } = json.object(element)
      const vcpuId = json.count(rest['vcpuId'], PROCESSOR_NUMBERS)
      if (seen.has(vcpuId)) throw json.wrong('one redistributor for each vCPU', vcpuId)
      seen.add(vcpuId)
      return {
        vcpuId,
        ctlr: json.count(ctlr),
        propbaser: json.u64(propbaser),
        pendbaser: json.u64(pendbaser),
        ...(copyOf === undefined ? {} : { copyOf: json.count(copyOf, PROCESSOR_NUMBERS) }),
      }
    })
  }

  #inferred({ inferredFrom }: Json): Pick<GicRegisters, 'inferredFrom'> {
    return inferredFrom === undefined ? {} : { inferredFrom: this.#json.oneOf(inferredFrom, registerSources) }
  }

  #msi(value: Json, itses: readonly SavedIts[]): MsiFunction {
    const json = this.#json
    return {
      name: json.string(value['name']),
      deviceId: json.count(value['deviceId']),
      ...(value['routingId'] === undefined ? {} : { routingId: json.count(value['routingId'], ROUTING_IDS) }),
      kind: json.oneOf(value['kind'], ['MSI', 'MSI-X', 'unread']),
      enabled: json.boolean(value['enabled']),
      ...(value['asleep'] === undefined || !json.boolean(value['asleep']) ? {} : { asleep: true }),
      vectors: json.array(value['vectors']).map((element) => {
        const { address, target, data, masked } = json.object(element)
        const word = json.u64(address)
        return { address: word, target: this.#target(target, word, itses), data: json.count(data), masked: json.boolean(masked) }
      }),
    }
  }

  /** Cases of the first version, and early ones of the second, do not tell what an address means. */
  #target(value: unknown, address: bigint, itses: readonly SavedIts[]): MsiTarget {
    if (value === undefined) return msiTarget(address, itses)
    const json = this.#json
    const { kind: word, its } = json.object(value)
    const kind = json.oneOf(word, ['unset', 'translater', 'translated', 'elsewhere'])
    return kind === 'unset' || kind === 'elsewhere' ? { kind } : { kind, its: json.count(its, itses.length) }
  }

  #vcpu({ did, isHandling }: Json): SavedVcpu {
    const json = this.#json
    const known = isHandling === undefined ? {} : { isHandling: json.boolean(isHandling) }
    return { did: json.oneOf(did, vcpuActivities), ...known }
  }

  #ram(value: unknown): GpaRange[] {
    const ranges = this.#runs(value, LARGEST_RAM / PAGE_BYTES)
    if (ranges.length === 0) throw this.#json.wrong('guest RAM', 'none')
    return ranges
  }

  /** Runs of [first page, count], in order, with at most `most` pages together. */
  #runs(value: unknown, most: number): GpaRange[] {
    const json = this.#json
    let left = most
    let end = 0
    return json.array(value).map((element) => {
      const [first, count] = json.array(element)
      const base = Number(json.u64(first))
      const pages = json.count(count, left + 1)
      if (pages === 0 || base < end || base % PAGE_BYTES !== 0) throw json.wrong('runs of pages in order', String(first))
      end = base + pages * PAGE_BYTES
      if (end > GPA_LIMIT) throw json.wrong('pages below 2^52', String(first))
      left -= pages
      return { base: base as Gpa, bytes: pages * PAGE_BYTES }
    })
  }
}
