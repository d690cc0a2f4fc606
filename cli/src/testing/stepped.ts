import promises, { type FileHandle } from 'node:fs/promises'
import type { Io } from '../io.ts'
import { diskOf } from '../node/disk.ts'
import type { FileSystem } from '../node/host.ts'
import { listFolder } from '../node/list-folder.ts'
import { openFile } from '../node/open-file.ts'

/** What a process does before each of its calls of the file system: it may wait there, or come back never. */
export type Step = (what: string) => Promise<void>

/** A process that runs a command line: its id, and the ids of those that are dead. */
export interface Process {
  readonly id: number
  readonly dead: ReadonlySet<number>
  readonly step: Step
}

/** What a command may touch, seen by a process of which every call can be stopped. Files are closed without a step, as a kernel does. */
export function steppedIo({ id, dead, step }: Process): Pick<Io, 'disk' | 'open' | 'list'> {
  const writer = {
    name: `00000000-${id}-0`,
    lifeOf: (name: string) => (dead.has(Number(name.split('-')[1])) ? ('dead' as const) : ('alive' as const)),
  }
  return {
    disk: diskOf({ fs: stepped(step), writer }),
    list: async (path) => {
      await step('list')
      return listFolder(path)
    },
    open: async (path) => {
      await step('open')
      const file = await openFile(path)
      const slice: typeof file.slice = async (...range) => {
        await step('read')
        return file.slice(...range)
      }
      return { byteLength: file.byteLength, slice, close: () => file.close() }
    },
  }
}

function stepped(step: Step): FileSystem {
  return new Proxy(promises, {
    get: (target, name: keyof FileSystem) => {
      const call = target[name] as (...args: unknown[]) => Promise<unknown>
      return async (...args: unknown[]) => {
        await step(name)
        const answer = await call(...args)
        return name === 'open' ? steppedHandle(answer as FileHandle, step) : answer
      }
    },
  })
}

/** Writes take two steps, with half of the bytes each. Nothing is synced: the process may die here, and the machine does not. */
function steppedHandle(file: FileHandle, step: Step): FileHandle {
  const write = async (bytes: Uint8Array, offset: number, length: number, at: number) => {
    const half = length >> 1
    await step('write')
    if (half > 0) await file.write(bytes, offset, half, at)
    await step('write')
    await file.write(bytes, offset + half, length - half, at + half)
    return { bytesWritten: length, buffer: bytes }
  }
  return new Proxy(file, {
    get: (target, name: keyof FileHandle) => {
      if (name === 'write') return write
      if (name === 'sync') return () => step('sync')
      const member = target[name]
      if (typeof member !== 'function') return member
      const call = (member as (...args: unknown[]) => Promise<unknown>).bind(target)
      if (name === 'close') return call
      return async (...args: unknown[]) => {
        await step(String(name))
        return call(...args)
      }
    },
  })
}

/** The process has been killed: nothing that it would still do happens. */
export class Killed extends Error {}

/** Dies before its n-th call. */
export function killedAt(n: number, seen: (what: string) => void = () => {}): Step {
  let done = 0
  return async (what) => {
    if (done++ >= n) throw new Killed(what)
    seen(what)
  }
}

/** A promise that somebody else keeps. */
function later(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/**
 * Runs processes that share a disk, one call of one of them at a time: `next` chooses among those that have not ended, by their
 * numbers, whose turn it is. Answers what they answer.
 */
export async function interleave<T>(
  processes: readonly ((step: Step) => Promise<T>)[],
  next: (running: readonly number[]) => number,
): Promise<T[]> {
  const turns = processes.map(() => later())
  const stops = processes.map(() => later())
  const running = new Set(processes.keys())
  const ends = processes.map(async (run, number) => {
    const step = async () => {
      stops[number]!.resolve()
      await turns[number]!.promise
    }
    try {
      await step()
      return await run(step)
    } finally {
      running.delete(number)
      stops[number]!.resolve()
    }
  })
  for (const { promise } of stops) await promise
  while (running.size > 0) {
    const number = next([...running])
    const turn = turns[number]!
    stops[number] = later()
    turns[number] = later()
    turn.resolve()
    await stops[number]!.promise
  }
  return Promise.all(ends)
}
