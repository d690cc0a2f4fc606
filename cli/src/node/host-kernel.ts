import { readFileSync } from 'node:fs'
import { machine, release, type } from 'node:os'
import type { HostKernel } from '../io.ts'

/** The kernel of this machine, which is that of a container's host too. */
export function hostKernel(): HostKernel {
  return { system: type(), release: release(), version: procVersion() ?? release(), machine: machine() }
}

function procVersion(): string | undefined {
  try {
    return readFileSync('/proc/version', 'utf8')
  } catch {
    return undefined
  }
}
