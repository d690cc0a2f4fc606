import type { CheckedDocument } from '@vits/core/documents'
import { DiskError } from '../disk.ts'
import type { ExitBits } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { LineFile, type LinePlace } from '../node/line-file.ts'
import { jsonText } from '../printable.ts'

/** An answer of an earlier run. */
interface Kept {
  readonly place: LinePlace
  readonly exit: ExitBits
}

/** What an answer has to be of. */
export interface Wanted {
  readonly version: string
  readonly options: readonly string[]
  readonly files: readonly string[]
}

/** The answers of a run that may have been killed, in a file of one document a line. */
export class Answers {
  readonly #file: LineFile
  readonly #kept: ReadonlyMap<string, Kept>

  private constructor(file: LineFile, kept: ReadonlyMap<string, Kept>) {
    this.#file = file
    this.#kept = kept
  }

  /**
   * Reads what is there. Answers of the files that are wanted stay where they hold: the same vits was asked the same of the same files. The
   * others, and a line that is not whole, are taken out. Answers of other files stay.
   *
   * @throws DiskError for a file of anything else.
   */
  static async open(path: string, { version, options, files }: Wanted, io: Io): Promise<Answers> {
    const wanted = new Set(files)
    const found = new Map<string, Kept>()
    const stay: LinePlace[] = []
    const file = new LineFile(path, io.disk)
    for (const [text, place, isWhole] of file.lines()) {
      const document = isWhole ? documentIn(text) : undefined
      if (document === undefined) {
        // What a killed run left of a line begins as one does; a file of anything else is nobody's to change.
        if (isWhole || !isBegun(text))
          throw new DiskError(`${path} is no list of answers of vits check: line ${place.number} is none`)
      } else if (!wanted.has(document.file)) stay.push(place)
      else if (holdsFor(document, version, options) && (await isSame(document, io)))
        found.set(document.file, { place, exit: document.asked!.exit })
    }
    stay.push(...[...found.values()].map(({ place }) => place))
    const moved = await file.keep(stay.sort((a, b) => a.start - b.start))
    return new Answers(file, new Map([...found].map(([name, kept]) => [name, { ...kept, place: moved.get(kept.place)! }])))
  }

  has(file: string): boolean {
    return this.#kept.has(file)
  }

  exit(file: string): ExitBits {
    return this.#kept.get(file)?.exit ?? 0
  }

  read(file: string): CheckedDocument {
    return JSON.parse(this.#file.read(this.#kept.get(file)!.place)) as CheckedDocument
  }

  /** A line at once: a run that is killed leaves whole ones. */
  add(document: CheckedDocument): void {
    this.#file.append(jsonText(document, 0))
  }

  close(): void {
    this.#file.close()
  }
}

/** How every document begins. */
const BEGIN = '{"schema":1,'

const isBegun = (text: string): boolean => text.startsWith(BEGIN) || BEGIN.startsWith(text)

const holdsFor = ({ asked }: CheckedDocument, version: string, options: readonly string[]): boolean =>
  asked?.version === version &&
  asked.options.length === options.length &&
  asked.options.every((option, i) => option === options[i])

function documentIn(text: string): CheckedDocument | undefined {
  try {
    const document = JSON.parse(text) as CheckedDocument | null
    return document?.schema === 1 && typeof document.file === 'string' ? document : undefined
  } catch {
    return undefined
  }
}

/** What could not be read is asked again, and what was no file cannot be told from another. */
async function isSame(document: CheckedDocument, { disk }: Io): Promise<boolean> {
  if ('error' in document || document.asked === undefined || document.asked.files.length === 0) return false
  for (const { name, bytes, modified } of document.asked.files) {
    const now = await disk.identity(name).catch(() => undefined)
    if (now?.bytes !== bytes || now.modified !== modified) return false
  }
  return true
}
