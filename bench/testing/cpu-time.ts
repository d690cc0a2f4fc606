import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

const ticks = Number(execFileSync('getconf', ['CLK_TCK']).toString())

/** Seconds of CPU that the children of this process have used that live, and theirs. */
export function cpuOfLiving(): number {
  const own = new Set([process.pid])
  let sum = 0
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
  for (const pid of processes) {
    const fields = statOf(pid)
    if (fields === undefined || !own.has(Number(fields[1]))) continue
    own.add(pid)
    sum += (Number(fields[11]) + Number(fields[12])) / ticks
  }
  return sum
}

/** The same of those that have ended. */
export function cpuOfEnded(): number {
  const fields = statOf(process.pid)!
  return (Number(fields[13]) + Number(fields[14])) / ticks
}

/** The fields behind the name of a process; undefined of one that is gone. */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}
