import type { Account } from '../budget/index.ts'
import { coalesce, type Gpa, type GpaRange, type LoadableMemory, PAGE_BYTES } from '../memory/index.ts'
import { kernelPointer, type LinearMap } from './linear-map.ts'

/** The guest RAM of a saved machine. */
export interface GuestRam {
  /** In address order. */
  readonly ranges: readonly GpaRange[]
  /** RAM with nothing loaded yet. */
  memory(): LoadableMemory
  /** Reads the pages of `ranges` that `memory` does not hold yet. */
  load(memory: LoadableMemory, ranges: readonly GpaRange[]): Promise<void>
}

/** What lies at an address of RAM is not what the kernel would have there. */
export class NotTheKernels extends Error {
  readonly at: number
  constructor(at: number, message: string) {
    super(message)
    this.at = at
  }
}

/** What a read counts for at least, also of what is there already: a list may lead to the same place over and over. */
const LEAST_BYTES = 256

/** Reads structures of the guest's kernel, bringing in the pages as they are needed. */
export class RamReader {
  readonly #ram: GuestRam
  readonly #memory: LoadableMemory
  readonly #read: GpaRange[] = []
  readonly #account: Account

  /** `account`: what may be read altogether. */
  constructor(ram: GuestRam, account: Account) {
    this.#ram = ram
    this.#memory = ram.memory()
    this.#account = account
  }

  /**
   * Makes bytes readable.
   *
   * @throws NotTheKernels when not all of them are RAM, or the budget is spent.
   */
  async need(at: number, bytes: number): Promise<void> {
    const here = at as Gpa
    if (!Number.isSafeInteger(at) || at < 0 || !this.#memory.contains(here, bytes)) {
      throw new NotTheKernels(at, 'a pointer leads out of RAM')
    }
    const isThere = this.#memory.isLoaded(here, bytes)
    const cost = isThere ? Math.max(bytes, LEAST_BYTES) : Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES
    if (!this.#account.take(cost)) throw new NotTheKernels(at, 'more would have to be read than the budget allows')
    this.#read.push({ base: here, bytes })
    if (isThere) return
    await this.#ram.load(this.#memory, [{ base: here, bytes }])
  }

  /** What was asked for, to the byte. */
  get read(): readonly GpaRange[] {
    return coalesce(this.#read)
  }

  /** True when all of the bytes are RAM. */
  isRam(at: number, bytes: number): boolean {
    return Number.isSafeInteger(at) && at >= 0 && this.#memory.contains(at as Gpa, bytes)
  }

  /** A word of what `need` made readable, aligned to its size. */
  u32(at: number): number {
    return this.#memory.u32(at as Gpa)
  }

  u64(at: number): bigint {
    return (BigInt(this.u32(at + 4)) << 32n) | BigInt(this.u32(at))
  }

  bytes(at: number, length: number): Uint8Array {
    return this.#memory.read(at as Gpa, length)
  }

  /** The pointer into the kernel's half at `at`; undefined when there is none. See `kernelPointer`. */
  pointer(at: number): number | undefined {
    return kernelPointer(this.u32(at), this.u32(at + 4))
  }

  /** Where the pointer at `at` leads. */
  follow(map: LinearMap, at: number): Gpa | undefined {
    const pointer = this.pointer(at)
    return pointer === undefined ? undefined : map.gpa(pointer)
  }
}
