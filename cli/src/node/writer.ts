import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Whether a process is still there; `unknown` where that cannot be seen from here. */
export type Life = 'alive' | 'dead' | 'unknown'

/** A process that writes files, and what it can tell of the others that do. */
export interface Writer {
  /** In the names of its unfinished files and of its locks: letters, digits and `-`. */
  readonly name: string
  /** Of the writer of this name. */
  lifeOf(name: string): Life
}

/**
 * This process. Its name is the machine, the process id and when the process began, because an id is given again: a name is of a dead
 * process exactly when no process here has its id, or one that began at another time. Machines, and containers with process ids of
 * their own, cannot see into each other.
 */
export function thisProcess(platform: NodeJS.Platform = process.platform): Writer {
  const begun = platform === 'linux' ? begunOnLinux : begunByPs
  const here = createHash('sha256').update(`${hostname()}\0${pidNamespace()}`).digest('hex').slice(0, 8)
  return {
    name: `${here}-${process.pid}-${begun(process.pid) ?? UNSEEN}`,
    lifeOf: (name) => {
      const [, machine, id, began] = /^([0-9a-f]{8})-(\d{1,10})-([0-9a-z]+)$/.exec(name) ?? []
      if (machine !== here) return 'unknown'
      if (!exists(Number(id))) return 'dead'
      const now = begun(Number(id))
      // Where processes of others cannot be looked at, one with that id counts as the one.
      return now === undefined || began === UNSEEN || now === began ? 'alive' : 'dead'
    },
  }
}

const UNSEEN = 'x'

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/**
 * When a process began, in letters and digits that no other one of its id has; undefined when it cannot be looked at. One that is
 * dead, but nobody has waited for it, has begun `never`.
 */
function begunOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is a name in parentheses, which may itself hold spaces and parentheses; state is the 3rd, starttime the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (/[ZX]/.test(fields[0]!)) return 'never'
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8)
    return `${boot}t${fields[19]}`
  } catch {
    return undefined
  }
}

function begunByPs(pid: number): string | undefined {
  try {
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
    const said = execFileSync('ps', ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env })
    const [state = '', ...date] = said.trim().split(/\s+/)
    if (state.startsWith('Z')) return 'never'
    return (
      date
        .join('')
        .toLowerCase()
        .replace(/[^0-9a-z]/g, '') || undefined
    )
  } catch {
    return undefined
  }
}
