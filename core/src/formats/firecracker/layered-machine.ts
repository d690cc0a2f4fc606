import { coalesce, firstPast, type Gpa, type GpaRange, type LoadableMemory, PAGE_BYTES } from '../../memory/index.ts'
import type { ByteSource } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import type { SavedFile, WriteBack } from '../machine-file.ts'
import { pagesIn } from '../page-runs.ts'
import { type PieceFacts, PieceMachine } from '../piece-machine.ts'

/** A run of guest RAM, and where it lies in each of the files that hold RAM. */
export interface RamRun extends GpaRange {
  readonly offset: number
}

interface Layer {
  readonly file: SavedFile
  readonly machine: PieceMachine
}

/** A page that no layer so far has decided; `doubt`: the first where it is zeros or a hole, and it is not known which. */
interface OpenPage {
  readonly at: Gpa
  readonly doubt?: FormatError
}

/** A machine whose RAM is in one file as a whole. */
export const wholeMachine = (facts: PieceFacts, runs: readonly RamRun[], file: SavedFile): PieceMachine =>
  new PieceMachine(
    facts,
    runs.map((run) => ({ ...run, file })),
  )

/**
 * A machine whose RAM is in a file of changes, and in others below it what was not changed. That is a hole, which reads as zeros: where the
 * operating system does not tell holes, a page of zeros is known only when it is zeros in all layers.
 */
export class LayeredMachine extends PieceMachine {
  override readonly writeBack: WriteBack = { to: 'nowhere', because: 'layers' }
  readonly #runs: readonly RamRun[]
  readonly #layers: readonly Layer[]

  /** `files` from the changes down to one that has all RAM. */
  constructor(facts: PieceFacts, runs: readonly RamRun[], files: readonly [SavedFile, ...SavedFile[]]) {
    super(
      facts,
      runs.map((run) => ({ ...run, file: files[0] })),
    )
    this.#runs = [...runs].sort((a, b) => a.base - b.base)
    this.#layers = files.map((file) => ({ file, machine: wholeMachine(facts, runs, file) }))
  }

  /** @throws FormatError also for a page of which it is not known whether it was changed to zeros. */
  override async load(memory: LoadableMemory, ranges: readonly GpaRange[]): Promise<void> {
    let open = [...pagesIn(this.ranges, ranges)].filter((at) => !memory.isLoaded(at)).map((at): OpenPage => ({ at }))
    const last = this.#layers.length - 1
    for (const [i, layer] of this.#layers.entries()) {
      const seen = layer.machine.memory()
      await layer.machine.load(seen, coalesce(open.map(({ at: base }) => ({ base, bytes: PAGE_BYTES }))))
      open = open.flatMap(({ at, doubt }): OpenPage[] => {
        const contents = seen.read(at, PAGE_BYTES)
        const isBlank = contents.every((byte) => byte === 0)
        if (!isBlank && doubt !== undefined) throw doubt
        const offset = this.#offsetOf(at)
        if (isBlank && i < last && isWritten(layer.file.source, offset) !== true)
          return [{ at, ...doubtOf(layer, offset, doubt) }]
        memory.load(at, contents)
        return []
      })
    }
  }

  #offsetOf(at: Gpa): number {
    const run = this.#runs[firstPast(this.#runs.length, (i) => this.#runs[i]!.base > at) - 1]!
    return run.offset + (at - run.base)
  }
}

function doubtOf({ file }: Layer, offset: number, before: FormatError | undefined): Pick<OpenPage, 'doubt'> {
  if (before !== undefined) return { doubt: before }
  if (file.source.written !== undefined) return {}
  const expected = 'a page that was changed, or a hole where the file below it decides'
  return {
    doubt: new FormatError(offset, expected, 'zeros, and which of the two they are is not known here', { file: file.name }),
  }
}

/** Whether anything of the page at `offset` was written; undefined where nobody tells. */
function isWritten({ written }: ByteSource, offset: number): boolean | undefined {
  if (written === undefined) return undefined
  const next = written[firstPast(written.length, (i) => written[i]!.end > offset)]
  return next !== undefined && next.start < offset + PAGE_BYTES
}
