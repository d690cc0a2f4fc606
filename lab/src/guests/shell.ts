import type { Port } from './port.ts'

/** What a command printed, both streams, and its exit status. */
export interface Ran {
  readonly status: number
  readonly output: string
}

/** A shell on a virtio port: commands run one after another, each told from the next by a mark of its own. */
export class Shell {
  readonly #port: Port
  #count = 0

  constructor(port: Port) {
    this.#port = port
  }

  /** Runs lines of shell. @throws PortError when the machine does not answer in time. */
  async run(lines: string, seconds = 120): Promise<Ran> {
    const mark = `ran-${process.pid}-${++this.#count}`
    this.#port.send(`{\n${lines}\n} </dev/null 2>&1\necho "<${mark} $?>"\n`)
    const { before, match } = await this.#port.until(new RegExp(`<${mark} (\\d+)>\\n`), seconds, `end of ${lines.slice(0, 80)}`)
    return { status: Number(match[1]), output: before }
  }

  /** As `run`; a status other than 0 is an Error with what was printed. */
  async must(lines: string, seconds?: number): Promise<string> {
    const { status, output } = await this.run(lines, seconds)
    if (status !== 0) throw new Error(`exit code ${status} of ${lines.slice(0, 200)}: ${output.slice(-1000)}`)
    return output
  }
}
