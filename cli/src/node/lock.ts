import { dirname } from 'node:path'
import { DiskError, type Unlock } from '../disk.ts'
import { reason } from '../failure.ts'
import { followed, type Host } from './host.ts'
import { discard, leftoversIn, newLeftover, shortened, sweep } from './leftovers.ts'
import { unfinished } from './unfinished.ts'

/**
 * Keeps every other vits from changing these files.
 *
 * Node has no flock(2), and a lock file of one fixed name cannot be taken over from a dead process without a moment in which two
 * believe they did. So nobody takes over anything: each puts down a lock of a name of its own, which says whose it is, and then looks
 * whether anybody else's is there. Of two that do so at the same time one looks last, and sees the other; both may see each other, and
 * give up. A lock of a dead process counts for nothing, and removing it can hit no other, because its name comes back never. kill -9
 * needs no care, and neither does the loss of power: what began before the boot is dead.
 *
 * It is advice among vits on one machine. From another one, or from another container, nobody can tell whether the owner lives: its
 * lock holds until somebody removes it.
 */
export async function lock(paths: readonly string[], host: Host): Promise<Unlock> {
  const held: string[] = []
  const unlock = async () => {
    for (const path of held.splice(0)) {
      await discard(path, host).catch(() => {})
      unfinished.delete(path)
    }
  }
  try {
    const files = new Set<string>()
    for (const path of paths) files.add(await followed(path, host))
    for (const path of files) {
      await sweep(dirname(path), host)
      const name = newLeftover(path, 'lock', host)
      held.push(name)
      await putDown(name, path, host)
    }
    for (const path of files) await refuseLocked(path, held, host)
    return unlock
  } catch (error) {
    await unlock()
    throw error
  }
}

async function putDown(name: string, path: string, { fs }: Host): Promise<void> {
  unfinished.add(name)
  try {
    const file = await fs.open(name, 'wx', 0o600)
    await file.close()
  } catch (error) {
    throw new DiskError(`cannot lock ${path}: ${reason(error)}`, { cause: error })
  }
}

async function refuseLocked(path: string, held: readonly string[], host: Host): Promise<void> {
  const beside = shortened(path)
  for (const other of await leftoversIn(dirname(path), host)) {
    if (other.kind !== 'lock' || other.beside !== beside || held.includes(other.path)) continue
    const life = host.writer.lifeOf(other.writer)
    if (life === 'alive') throw new DiskError(`another vits is changing it: ${other.path} is its lock`)
    if (life === 'unknown')
      throw new DiskError(`a vits of another machine or container may be changing it; if it is dead, remove ${other.path}`)
  }
}
