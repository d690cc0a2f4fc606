import type { GicRegisters } from '../abi/index.ts'
import { coalesce, firstPast, type Gpa, type GpaRange, type LoadableMemory, PAGE_BYTES } from '../memory/index.ts'
import { readExactly } from './byte-source.ts'
import { differences, type Edit, notAPage } from './edits.ts'
import { FormatError } from './format-error.ts'
import { type FileEdits, inFile, type SavedFile } from './machine-file.ts'
import { loadPages, type PlacedPage } from './page-loader.ts'
import { pagesIn, touched } from './page-runs.ts'
import { type MachineFacts, StatedMachine } from './stated-machine.ts'

/** KVM's tables are of 64-bit words, and so are the edits. */
const WORD_BYTES = 8

/** A run of guest RAM that lies in a file byte for byte: whole pages. */
export interface RamPiece extends GpaRange {
  readonly file: SavedFile
  /** Where its first byte lies in what was read of the file. */
  readonly offset: number
}

/** What is said of a machine whose RAM lies in files as it lay in the guest. */
export interface PieceFacts extends MachineFacts {
  /** RAM whose contents are in none of the files. */
  readonly absent?: readonly GpaRange[]
  /** The edits of the file that holds the registers; nothing when they cannot be changed. */
  readonly registerEdits?: (registers: GicRegisters) => Promise<FileEdits[]> | FileEdits[]
}

/** A saved machine whose RAM lies in files as it lay in the guest, in one piece or several. */
export class PieceMachine extends StatedMachine {
  readonly ranges: readonly GpaRange[]
  readonly #pieces: readonly RamPiece[]
  readonly #absent: readonly GpaRange[]
  readonly #registerEdits: PieceFacts['registerEdits']

  /**
   * `pieces` in any order, and with what is absent, apart from each other in RAM: see `guestRam`.
   *
   * @throws FormatError when two lie over one another in a file: a word that is mended in one would change the other.
   */
  constructor(facts: PieceFacts, pieces: readonly RamPiece[]) {
    super(facts)
    refuseShared(pieces)
    this.#pieces = [...pieces].sort((a, b) => a.base - b.base)
    this.#absent = coalesce(facts.absent ?? [])
    this.ranges = coalesce([...this.#pieces, ...this.#absent])
    this.#registerEdits = facts.registerEdits
  }

  async load(memory: LoadableMemory, ranges: readonly GpaRange[]): Promise<void> {
    const placed = new Map<SavedFile, PlacedPage[]>()
    for (const at of pagesIn(this.ranges, ranges)) {
      if (memory.isLoaded(at)) continue
      const piece = this.#pieceAt(at)
      if (piece === undefined) memory.loadZeros(at)
      else push(placed, piece.file, { at, offset: offsetIn(piece, at) })
    }
    for (const [file, pages] of placed) await inFile(file, () => loadPages(file.source, memory, pages))
  }

  missingPages(ranges: readonly GpaRange[]): Gpa[] {
    return [...pagesIn(this.#absent, ranges)]
  }

  zeros(ranges: readonly GpaRange[]): GpaRange[] {
    return touched(this.#absent, ranges)
  }

  async edits(pages: ReadonlyMap<Gpa, Uint8Array>, registers = this.registers): Promise<FileEdits[]> {
    const changes = new Map<SavedFile, Edit[]>()
    for (const [at, contents] of pages) {
      const piece = this.#pieceAt(at)
      if (piece === undefined || contents.length !== PAGE_BYTES || at % PAGE_BYTES !== 0) throw notAPage(at, contents)
      const { file } = piece
      const offset = offsetIn(piece, at)
      const before = await inFile(file, () => readExactly(file.source, offset, PAGE_BYTES, 'a page of RAM'))
      for (const edit of differences(offset, before, contents, WORD_BYTES)) push(changes, file, edit)
    }
    const ofRam = [...changes].map(([file, edits]) => ({ file, edits: edits.sort((a, b) => a.offset - b.offset) }))
    return registers === this.registers ? ofRam : [...((await this.#registerEdits?.(registers)) ?? []), ...ofRam]
  }

  #pieceAt(at: Gpa): RamPiece | undefined {
    const piece = this.#pieces[firstPast(this.#pieces.length, (i) => this.#pieces[i]!.base > at) - 1]
    return piece !== undefined && at + PAGE_BYTES <= piece.base + piece.bytes ? piece : undefined
  }
}

function refuseShared(pieces: readonly RamPiece[]): void {
  const ends = new Map<SavedFile, RamPiece>()
  for (const piece of [...pieces].sort((a, b) => a.offset - b.offset)) {
    const before = ends.get(piece.file)
    if (before !== undefined && before.offset + before.bytes > piece.offset) {
      const both = `RAM at 0x${before.base.toString(16)} and at 0x${piece.base.toString(16)} in the same bytes`
      throw new FormatError(
        piece.offset,
        'bytes of its own for each part of RAM',
        both,
        piece.file.name === '' ? {} : { file: piece.file.name },
      )
    }
    ends.set(piece.file, piece)
  }
}

const offsetIn = ({ base, offset }: RamPiece, at: Gpa): number => offset + (at - base)

function push<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
