import { GITS_BASER, type Halves } from '@vits/core/abi'
import { CASE_MAGIC } from '../../core/src/formats/case-file.ts'

const PAGE = 4096
const FIXED = 16

/** What stands in the header of a case; what mutators make of it may be anything. */
export interface CaseHeader {
  registers: {
    itses: { base?: string; ctlr: number; cbaser: string; cwriter: string; creadr: string; baser: string[] }[]
    redistributors: { vcpuId: number; ctlr: number; propbaser: string; pendbaser: string }[]
  }
  virtio?: CaseVirtio[]
  ranges: [string, number][]
  pages: [string, number][]
  [other: string]: unknown
}

export interface CaseVirtio {
  features: string
  status: number
  queues: { size: number; nextAvail: number; place: { kind: string; desc?: string; avail?: string; used?: string } }[]
}

/** A case taken apart: its header, and the pages of guest RAM that it holds. */
export interface CaseModel {
  readonly header: CaseHeader
  /** By address; a page that is changed is replaced, because the models of one case share them. */
  readonly pages: Map<number, Uint8Array>
  /** Versions of the format and lengths of the header that are not true, if a mutator says so. */
  version: number
  headerBytes: number | undefined
}

/** The models of a case, made anew each time. */
export function caseModels(file: Uint8Array): () => CaseModel {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const [version, length] = [view.getUint32(8, true), view.getUint32(12, true)]
  const json = Buffer.from(file.subarray(FIXED, FIXED + length)).toString('latin1')
  const pages = new Map<number, Uint8Array>()
  let offset = contentsStart(length)
  for (const [base, count] of (JSON.parse(json) as CaseHeader).pages) {
    for (let i = 0; i < count; i++, offset += PAGE) pages.set(Number(base) + i * PAGE, file.subarray(offset, offset + PAGE))
  }
  return () => ({ header: JSON.parse(json) as CaseHeader, pages: new Map(pages), version, headerBytes: undefined })
}

const contentsStart = (headerBytes: number) => Math.ceil((FIXED + headerBytes) / PAGE) * PAGE

/** The file of a case: the pages lie in the order of their addresses, as the header says. */
export function caseFile({ header, pages, version, headerBytes }: CaseModel): Uint8Array {
  const json = Buffer.from(JSON.stringify(header), 'latin1')
  const start = contentsStart(json.length)
  const file = new Uint8Array(start + pages.size * PAGE)
  file.set(Buffer.from(CASE_MAGIC, 'latin1'))
  const view = new DataView(file.buffer)
  view.setUint32(8, version, true)
  view.setUint32(12, headerBytes ?? json.length, true)
  file.set(json, FIXED)
  let offset = start
  for (const page of pages.values()) {
    file.set(page, offset)
    offset += PAGE
  }
  return file
}

/** A word of guest RAM, or undefined where the case does not hold it. */
export function word({ pages }: CaseModel, at: number): Halves | undefined {
  const page = pages.get(at - (at % PAGE))
  if (page === undefined) return undefined
  const view = new DataView(page.buffer, page.byteOffset + (at % PAGE), 8)
  return { lo: view.getUint32(0, true), hi: view.getUint32(4, true) }
}

export function setWord(model: CaseModel, at: number, lo: number, hi: number): void {
  const page = ownPage(model, at)
  if (page === undefined) return
  const view = new DataView(page.buffer, page.byteOffset + (at % PAGE), 8)
  view.setUint32(0, lo, true)
  view.setUint32(4, hi, true)
}

/** The page of `at`, to be written. */
export function ownPage({ pages }: CaseModel, at: number): Uint8Array | undefined {
  const base = at - (at % PAGE)
  const page = pages.get(base)?.slice()
  if (page !== undefined) pages.set(base, page)
  return page
}

/** Addresses that the registers name: what an enemy lets point at each other. */
export function namedAddresses({ header }: CaseModel): readonly number[] {
  const { itses, redistributors } = header.registers
  const words = [
    ...itses.flatMap(({ cbaser, baser }) => [cbaser, ...baser.filter((value) => value !== '0x0')]),
    ...redistributors.flatMap(({ propbaser, pendbaser }) => [propbaser, pendbaser]),
  ]
  return words.map((value) => Number(BigInt(value) & 0xffff_ffff_f000n))
}

/** Where the tables of an ITS lie that GITS_BASER names. */
export function tableAt(baser: string): { readonly base: number; readonly indirect: boolean; readonly type: number } {
  const { addressLow, indirect, type } = GITS_BASER.unpack(BigInt(baser))
  return { base: addressLow, indirect, type }
}
