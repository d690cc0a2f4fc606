import type { Leashed, Thread } from './thread.ts'

/** What takes longer than this, in milliseconds, is worth a line. */
const SLOW = 1000
/** How often that line is looked at. */
const EVERY = 200

/** What is told of a thread that is at work. */
type AtWork = Pick<Thread, 'file' | 'since' | 'at' | 'ended'>

/** Shows how far a long job is, as long as somebody watches. */
export class Progress {
  readonly #leashed: Pick<Leashed, 'io' | 'files' | 'eachFile'>
  readonly #threads: ReadonlySet<AtWork>
  readonly #begun: number
  readonly #timer: NodeJS.Timeout | undefined
  #done = 0
  #shown = ''

  constructor(leashed: Pick<Leashed, 'io' | 'files' | 'eachFile'>, threads: ReadonlySet<AtWork>) {
    this.#leashed = leashed
    this.#threads = threads
    this.#begun = leashed.io.now()
    this.#timer = leashed.io.progress === undefined ? undefined : setInterval(() => this.show(), EVERY)
  }

  /** One more file has had its turn. */
  next(): void {
    this.#done++
  }

  show(): void {
    const { io } = this.#leashed
    const now = io.now()
    this.#say(now - this.#begun < SLOW ? '' : this.#words(now))
  }

  end(): void {
    clearInterval(this.#timer)
    this.#say('')
  }

  #say(text: string): void {
    if (text !== this.#shown) this.#leashed.io.progress?.(text)
    this.#shown = text
  }

  #words(now: number): string {
    const { files, eachFile } = this.#leashed
    const many = eachFile && files.length > 1 ? [`${this.#done} of ${files.length} files`] : []
    const [slowest] = [...this.#threads].sort((a, b) => a.since - b.since)
    const seconds = slowest === undefined ? 0 : Math.floor((now - slowest.since) / 1000)
    if (slowest?.file === undefined || seconds < 1) return many.join('')
    const at = slowest.at === '' ? '' : ` ${slowest.at},`
    return [...many, `${slowest.file}:${at} ${seconds} s`].join(', ')
  }
}
