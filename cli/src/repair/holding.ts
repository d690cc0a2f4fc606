import type { Unlock } from '../disk.ts'
import type { Io } from '../io.ts'

/** Keeps every other vits from these files too, until the work is done. */
export type Hold = (paths: readonly string[]) => Promise<void>

/** Does some work while no other vits can change these files; it may find that it has to hold others with them. */
export async function holding<T>(known: readonly string[], io: Io, work: (hold: Hold) => Promise<T>): Promise<T> {
  const locks: Unlock[] = []
  const hold: Hold = async (paths) => {
    locks.push(await io.disk.lock(paths))
  }
  try {
    await hold(known)
    return await work(hold)
  } finally {
    for (const unlock of locks) await unlock()
  }
}
