import type { GicRegisters } from '../abi/index.ts'
import { coalesce, type Gpa, type GpaRange, type LoadableMemory, PAGE_BYTES } from '../memory/index.ts'
import { readExactly } from './byte-source.ts'
import { type CaseHeader, caseHeaderJson, caseVersions, readCaseHeader } from './case-header.ts'
import { notAPage } from './edits.ts'
import { FormatError } from './format-error.ts'
import type { FileEdits, SavedFile } from './machine-file.ts'
import { loadPages, type PlacedPage } from './page-loader.ts'
import { inRanges, PageRuns, pagesIn, touched, withoutRanges } from './page-runs.ts'
import type { SavedMachine } from './saved-machine.ts'
import { StatedMachine } from './stated-machine.ts'
import { latin1 } from './stream-reader.ts'

/** A case begins with this, then a little-endian u32 version and the length of its JSON header. */
export const CASE_MAGIC = 'VITSCASE'
const FIXED_BYTES = 16
const LARGEST_HEADER = 16 << 20

/**
 * Writes a case: the registers, the MSI state and the pages of `ranges` of a saved machine, and nothing else of it. It opens like
 * the machine itself. `memory` is where pages are taken from; those it does not hold yet are loaded. `registers`: in place of the machine's.
 */
export async function writeCase(
  machine: SavedMachine,
  memory: LoadableMemory,
  ranges: readonly GpaRange[],
  registers = machine.registers,
): Promise<Uint8Array> {
  return caseBytes(machine, registers, await takePages(machine, memory, ranges))
}

/** Pages for a case: the contents of those that have any, in their order, and which were zeros. */
interface Taken {
  readonly contents: readonly Uint8Array[]
  readonly pages: readonly GpaRange[]
  readonly zeros: readonly GpaRange[]
}

async function takePages(machine: SavedMachine, memory: LoadableMemory, ranges: readonly GpaRange[]): Promise<Taken> {
  await machine.load(memory, ranges)
  const missing = new Set<number>(machine.missingPages(ranges))
  const contents: Uint8Array[] = []
  const pages: GpaRange[] = []
  const zeros: GpaRange[] = []
  for (const base of new Set(pagesIn(machine.ranges, coalesce(ranges)))) {
    const page = memory.read(base, PAGE_BYTES)
    if (page.some((byte) => byte !== 0)) {
      contents.push(page)
      pages.push({ base, bytes: PAGE_BYTES })
    } else if (!missing.has(base)) zeros.push({ base, bytes: PAGE_BYTES })
  }
  return { contents, pages, zeros }
}

function caseBytes(machine: SavedMachine, registers: GicRegisters, { contents, pages, zeros }: Taken): Uint8Array {
  const { origin, msi, virtio, vcpus, blocks, ranges: ram, unlocated } = machine
  const facts = { origin, machine: machine.machine, registers, msi, virtio, vcpus, blocks, ranges: ram, unlocated }
  const json = caseHeaderJson({ ...facts, pages: new PageRuns(coalesce(pages)), zeros: new PageRuns(coalesce(zeros)) })
  const start = contentsStart(json.length)
  const bytes = new Uint8Array(start + contents.length * PAGE_BYTES)
  const text = `${CASE_MAGIC}\0\0\0\0\0\0\0\0${json}`
  bytes.set(Uint8Array.from(text, (character) => character.charCodeAt(0)))
  const view = new DataView(bytes.buffer)
  view.setUint32(8, caseVersions.written, true)
  view.setUint32(12, json.length, true)
  contents.forEach((page, i) => {
    bytes.set(page, start + i * PAGE_BYTES)
  })
  return bytes
}

/** Opens a case, whose file is not compressed any more. @throws FormatError when it is none, or not whole. */
export async function openCase(file: SavedFile): Promise<SavedMachine> {
  const { source } = file
  const fixed = await readExactly(source, 0, FIXED_BYTES, 'the beginning of a case')
  const view = new DataView(fixed.buffer, fixed.byteOffset, FIXED_BYTES)
  const [version, length] = [view.getUint32(8, true), view.getUint32(12, true)]
  if (version !== caseVersions.first && version !== caseVersions.written) {
    throw new FormatError(8, `version ${caseVersions.first} or ${caseVersions.written} of a case`, `version ${version}`)
  }
  if (length > LARGEST_HEADER) throw new FormatError(12, `a header of at most ${LARGEST_HEADER} bytes`, `${length}`)
  const text = latin1(await readExactly(source, FIXED_BYTES, length, 'the header of a case'))
  const header = readCaseHeader(text, FIXED_BYTES, version)
  const start = contentsStart(length)
  const bytes = source.byteLength - start
  if (bytes !== header.pages.count * PAGE_BYTES) {
    throw new FormatError(Math.min(start, source.byteLength), `${header.pages.count} pages`, `${bytes} bytes`)
  }
  return new CaseMachine(file, header, start)
}

function contentsStart(headerBytes: number): number {
  return Math.ceil((FIXED_BYTES + headerBytes) / PAGE_BYTES) * PAGE_BYTES
}

class CaseMachine extends StatedMachine {
  readonly ranges: readonly GpaRange[]
  readonly #file: SavedFile
  readonly #pages: PageRuns
  readonly #zeros: PageRuns
  /** Where the contents of the first page are. */
  readonly #start: number

  constructor(file: SavedFile, header: CaseHeader, start: number) {
    super({ ...header, kind: 'case', files: [file] })
    this.ranges = header.ranges
    this.#file = file
    this.#pages = header.pages
    this.#zeros = header.zeros
    this.#start = start
  }

  async load(memory: LoadableMemory, ranges: readonly GpaRange[]): Promise<void> {
    for (const { base, bytes } of this.zeros(ranges)) memory.loadZeros(base, bytes)
    const placed: PlacedPage[] = []
    for (const at of pagesIn(this.#pages.ranges, ranges)) {
      if (!memory.isLoaded(at)) placed.push({ at, offset: this.#start + this.#pages.indexOf(at) * PAGE_BYTES })
    }
    await loadPages(this.#file.source, memory, placed)
  }

  missingPages(ranges: readonly GpaRange[]): Gpa[] {
    const missing = withoutRanges(this.zeros(ranges), this.#zeros.ranges)
    return [...pagesIn(missing, missing)]
  }

  zeros(ranges: readonly GpaRange[]): GpaRange[] {
    return withoutRanges(touched(this.ranges, ranges), this.#pages.ranges)
  }

  /** A case is small, and written anew; what it says of zeros may be 64 GiB in one line, and is not gone through page by page. */
  async edits(pages: ReadonlyMap<Gpa, Uint8Array>, registers = this.registers): Promise<FileEdits[]> {
    const memory = this.memory()
    for (const [at, contents] of pages) {
      if (!memory.contains(at, PAGE_BYTES) || contents.length !== PAGE_BYTES || at % PAGE_BYTES !== 0) {
        throw notAPage(at, contents)
      }
      memory.load(at, contents)
    }
    const changed = [...pages.keys()].map((base) => ({ base, bytes: PAGE_BYTES }))
    const held = coalesce([...this.#pages.ranges, ...changed])
    const taken = await takePages(this, memory, held)
    const zeros = [...taken.zeros, ...withoutRanges(inRanges(this.#zeros.ranges, this.ranges), held)]
    const insert = caseBytes(this, registers, { ...taken, zeros })
    return [{ file: this.#file, edits: [{ offset: 0, remove: this.#file.source.byteLength, insert }] }]
  }
}
