import { appendFileSync, closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { Disk } from '../disk.ts'

/** Where a line is in its file: its end is behind the end of the line. */
export interface LinePlace {
  readonly number: number
  readonly start: number
  readonly end: number
}

const STEP = 2 ** 20
const NEWLINE = 10

/** A file of lines, to which lines are added. */
export class LineFile {
  readonly #path: string
  readonly #disk: Disk
  #file: number
  #bytes: number

  /** Opens it, or makes it. */
  constructor(path: string, disk: Disk) {
    this.#path = path
    this.#disk = disk
    this.#file = opened(path)
    this.#bytes = fstatSync(this.#file).size
  }

  /** Every line; what the last one of a file lacks is the end of the line. */
  *lines(): Generator<[text: string, place: LinePlace, isWhole: boolean]> {
    let [start, number, at] = [0, 1, 0]
    let pieces: Buffer[] = []
    for (; at < this.#bytes; ) {
      let piece = this.#bytesAt(at, Math.min(STEP, this.#bytes - at))
      at += piece.length
      for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE)) {
        const line = Buffer.concat([...pieces, piece.subarray(0, end + 1)])
        yield [line.toString('utf8'), { number: number++, start, end: start + line.length }, true]
        start += line.length
        pieces = []
        piece = piece.subarray(end + 1)
      }
      pieces.push(piece)
    }
    const rest = Buffer.concat(pieces)
    if (rest.length > 0) yield [rest.toString('utf8'), { number, start, end: start + rest.length }, false]
  }

  read({ start, end }: LinePlace): string {
    return this.#bytesAt(start, end - start).toString('utf8')
  }

  /** Takes out all other lines, and tells where these are then. @param places in their order */
  async keep(places: readonly LinePlace[]): Promise<ReadonlyMap<LinePlace, LinePlace>> {
    const moved = new Map<LinePlace, LinePlace>()
    let bytes = 0
    for (const [i, place] of places.entries()) {
      const length = place.end - place.start
      moved.set(place, { number: i + 1, start: bytes, end: bytes + length })
      bytes += length
    }
    if (bytes === this.#bytes) return moved
    const like = await this.#disk.identity(this.#path)
    await this.#disk.create(this.#path, { bytes, pieces: this.#pieces(places), like }, { replace: true })
    this.close()
    this.#file = opened(this.#path)
    this.#bytes = bytes
    return moved
  }

  /** Adds a line, its end included. */
  append(line: string): void {
    const bytes = Buffer.from(line)
    appendFileSync(this.#file, bytes)
    this.#bytes += bytes.length
  }

  close(): void {
    closeSync(this.#file)
  }

  async *#pieces(places: readonly LinePlace[]): AsyncGenerator<Uint8Array> {
    for (const { start, end } of places) yield this.#bytesAt(start, end - start)
  }

  #bytesAt(start: number, length: number): Buffer {
    const bytes = Buffer.alloc(length)
    let done = 0
    while (done < length) {
      const read = readSync(this.#file, bytes, done, length - done, start + done)
      if (read === 0) break
      done += read
    }
    return bytes.subarray(0, done)
  }
}

const opened = (path: string): number => openSync(path, 'a+', 0o666)
