import { rmSync } from 'node:fs'
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'

interface Told {
  readonly path: string
  readonly added: boolean
}

/** Paths that must not stay when the program is stopped. Threads have one each; one that is stopped from outside tells its own. */
export class Unfinished extends Set<string> {
  #told: MessagePort | undefined

  override add(path: string): this {
    this.#told?.postMessage({ path, added: true } satisfies Told)
    return super.add(path)
  }

  override delete(path: string): boolean {
    this.#told?.postMessage({ path, added: false } satisfies Told)
    return super.delete(path)
  }

  /** From now on, what is added and deleted is told to whoever listens at the other end of a port. */
  tell(port: MessagePort): void {
    this.#told = port
  }

  /** Takes over what has been told through a port, now: a thread that is about to be stopped would not be waited for. */
  listen(port: MessagePort): void {
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      const { path, added } = next.message as Told
      if (added) this.add(path)
      else this.delete(path)
    }
  }

  /** Removes them, for a program that is about to exit. */
  remove(): void {
    for (const path of this) {
      try {
        rmSync(path, { recursive: true, force: true })
      } catch {
        // Nobody is left to be told.
      }
    }
  }
}

/** Of this thread. */
export const unfinished = new Unfinished()
