import { openRunningVm, type SavedMachine } from '@vits/core/formats'
import type { GpaRange } from '@vits/core/memory'
import type { Io } from '../io.ts'
import { Exchange } from './exchange.ts'
import { type Deadline, type PauseTaken, type Pausing, VmError, whilePaused } from './pause.ts'
import { Qmp, QmpRefusal } from './qmp.ts'
import { vmFacts } from './vm-facts.ts'

/** How a running VM is looked at. */
export interface LookOptions {
  /** Milliseconds for which it may stand still. */
  readonly maxPause: number
  /** The folder through which QEMU hands over what it writes; a private one when not named. */
  readonly folder: string | undefined
}

/** What a look at a running VM took. */
export interface LiveLook {
  /** Of QEMU: `7.2.22`. */
  readonly version: string
  readonly pause: PauseTaken
  /** Pieces of guest RAM that were read, and their bytes. */
  readonly reads: number
  readonly bytes: number
}

/** The state of no machine's devices has more bytes. */
const LARGEST_STATE = 64 << 20

/**
 * Pauses a VM, hands it to `use` as a machine whose RAM is read where it is, and lets it go on. What `use` reads it must read before it
 * answers.
 */
export async function withRunningVm<T>(
  address: string,
  { maxPause, folder }: LookOptions,
  io: Pick<Io, 'now' | 'onSignal' | 'monitor'>,
  use: (machine: SavedMachine) => Promise<T>,
): Promise<{ readonly value: T; readonly look: LiveLook }> {
  const exchange = new Exchange(folder)
  const connect = async () => Qmp.open(await io.monitor(address))
  try {
    const qmp = await connect()
    const look = new Looking(qmp, exchange)
    const pausing: Pausing = {
      qmp,
      reconnect: connect,
      onSignal: (undo) => io.onSignal(() => undo().finally(() => look.settled.finally(() => exchange.close()))),
      most: maxPause,
      now: io.now,
    }
    try {
      const facts = await vmFacts(qmp)
      const { value, pause } = await whilePaused(pausing, async (deadline) => {
        const state = await look.deviceState(deadline)
        return use(await openRunningVm(state, { ...facts, read: (range) => look.ram(range, deadline) }))
      })
      return { value, look: { version: qmp.version, pause, reads: look.reads, bytes: look.bytes } }
    } finally {
      await look.settled
      qmp.close()
    }
  } finally {
    exchange.close()
  }
}

/** Reads a VM that stands still. */
class Looking {
  reads = 0
  bytes = 0
  /** Fulfilled when QEMU has answered: until then it may still write a file, though the pause is over. */
  settled: Promise<unknown> = Promise.resolve()
  readonly #qmp: Qmp
  readonly #exchange: Exchange

  constructor(qmp: Qmp, exchange: Exchange) {
    this.#qmp = qmp
    this.#exchange = exchange
  }

  /** The state of all devices. `live` is for disks: with it, or without a word, QEMU would let go of those of a VM that stands still. */
  async deviceState(deadline: Deadline): Promise<Uint8Array> {
    const filename = await this.#written('xen-save-devices-state', { live: false }, deadline)
    return this.#exchange.take(filename, { most: LARGEST_STATE })
  }

  async ram({ base, bytes }: GpaRange, deadline: Deadline): Promise<Uint8Array> {
    const filename = await this.#written('pmemsave', { val: base, size: bytes }, deadline)
    this.reads++
    this.bytes += bytes
    return this.#exchange.take(filename, { bytes })
  }

  /** Has a command write a new file, and tells which. */
  async #written(command: string, args: Readonly<Record<string, unknown>>, deadline: Deadline): Promise<string> {
    deadline.check()
    const filename = this.#exchange.newFile()
    try {
      const answer = this.#qmp.execute(command, { ...args, filename })
      this.settled = answer.catch(() => {})
      await answer
      return filename
    } catch (error) {
      if (error instanceof QmpRefusal && error.message.includes(filename)) {
        throw new VmError(`${error.message}: name a folder that QEMU can write to (--dir)`)
      }
      throw error
    }
  }
}
