import { type GicRegisters, hex, itsCount, type MsiFunction, savedIts, VIRT_ITS } from '../abi/index.ts'
import { GPA_LIMIT, type Gpa, type GpaRange, PAGE_BYTES } from '../memory/index.ts'
import { FormatError } from './format-error.ts'
import { type Json, JsonReader, parseJson } from './json-reader.ts'
import { PageRuns } from './page-runs.ts'
import type { SavedMachine } from './saved-machine.ts'

/** What a case says before the contents of its pages. */
export interface CaseHeader extends Pick<SavedMachine, 'format' | 'machine' | 'registers' | 'ranges' | 'msi'> {
  /** The pages whose contents follow, in this order. */
  readonly pages: PageRuns
  /** The pages that the machine had as zeros. Others were not saved, or not taken along. */
  readonly zeros: PageRuns
}

const LARGEST_RAM = 2 ** 44
const MOST_PAGES = 2 ** 24

/** The header as JSON: u64 values as hexadecimal strings, runs of pages as [first, count]. */
export function caseHeaderJson(header: CaseHeader): string {
  const { pages, zeros, ranges, format, machine, registers, msi } = header
  const { base: _, ...its } = savedIts(registers)
  const facts = {
    format,
    machine,
    registers: { its, redistributors: registers.redistributors },
    itsCount: itsCount(registers),
    msi,
  }
  const json = { ...facts, ranges: runs(ranges), pages: runs(pages.ranges), zeros: runs(zeros.ranges) }
  return JSON.stringify(json, (_, value: unknown) => (typeof value === 'bigint' ? hex(value) : value))
}

function runs(ranges: readonly GpaRange[]): [string, number][] {
  return ranges.map(({ base, bytes }) => [hex(base), bytes / PAGE_BYTES])
}

/** @throws FormatError naming `offset`, where the header lies. */
export function readCaseHeader(text: string, offset: number): CaseHeader {
  const json = parseJson(text)
  if (json === undefined) throw new FormatError(offset, 'the header of a case (JSON)', text.slice(0, 40))
  return new HeaderReader(offset).header(json)
}

class HeaderReader {
  readonly #json: JsonReader

  constructor(offset: number) {
    this.#json = new JsonReader(offset, 'the header of a case')
  }

  header(value: unknown): CaseHeader {
    const json = this.#json
    const header = json.object(value)
    return {
      format: json.string(header['format']),
      machine: json.string(header['machine']),
      registers: this.#registers(json.object(header['registers']), json.count(header['itsCount'])),
      ranges: this.#ram(header['ranges']),
      msi: json.array(header['msi']).map((element) => this.#msi(json.object(element))),
      pages: new PageRuns(this.#runs(header['pages'], MOST_PAGES)),
      zeros: new PageRuns(this.#runs(header['zeros'], MOST_PAGES)),
    }
  }

  #registers(value: Json, count: number): GicRegisters {
    const json = this.#json
    const its = json.object(value['its'])
    const baser = json.array(its['baser']).map((word) => json.u64(word))
    const redistributors = json.array(value['redistributors']).map((element) => {
      const { vcpuId, ctlr, propbaser, pendbaser } = json.object(element)
      return {
        vcpuId: json.count(vcpuId),
        ctlr: json.count(ctlr),
        propbaser: json.u64(propbaser),
        pendbaser: json.u64(pendbaser),
      }
    })
    if (baser.length !== 8 || redistributors.length === 0) throw json.wrong('8 BASERs and a redistributor', baser.length)
    return {
      itses: [
        {
          base: VIRT_ITS,
          ctlr: json.count(its['ctlr']),
          iidr: json.count(its['iidr']),
          cbaser: json.u64(its['cbaser']),
          cwriter: json.u64(its['cwriter']),
          creadr: json.u64(its['creadr']),
          baser,
        },
      ],
      ...(count > 1 && { unreadItses: count - 1 }),
      redistributors,
    }
  }

  #msi(value: Json): MsiFunction {
    const json = this.#json
    const kind = json.string(value['kind'])
    if (kind !== 'MSI' && kind !== 'MSI-X') throw json.wrong('MSI or MSI-X', kind)
    return {
      name: json.string(value['name']),
      deviceId: json.count(value['deviceId']),
      kind,
      enabled: json.boolean(value['enabled']),
      vectors: json.array(value['vectors']).map((element) => {
        const { address, data, masked } = json.object(element)
        return { address: json.u64(address), data: json.count(data), masked: json.boolean(masked) }
      }),
    }
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
