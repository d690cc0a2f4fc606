import { shown } from './arguments.ts'
import type { Gpa } from './gpa.ts'

/** The errnos KVM's ITS and GIC devices answer with, by their Linux numbers. */
export const errnos = {
  EPERM: 1,
  ENXIO: 6,
  E2BIG: 7,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOSPC: 28,
} as const

/** The name of an errno, as in errno(3). */
export type Errno = keyof typeof errnos

const names = new Map<number, Errno>(Object.entries(errnos).map(([name, code]) => [code, name as Errno]))

/** The name of a Linux errno number, positive or negative. @throws RangeError for one that is not in `errnos`. */
export function errnoName(code: number): Errno {
  const name = typeof code === 'number' ? names.get(Math.abs(code)) : undefined
  if (name === undefined) throw new RangeError(`no errno ${shown(code)} is known here`)
  return name
}

/** The entry or address that caused an errno; every part that is known. */
export interface Where {
  /** The table, register or structure, in ARM's words: `DTE`, `ITE`, `CTE`, `L1E`, `GITS_CBASER`. */
  readonly what?: string
  readonly at?: Gpa
  readonly deviceId?: number
  readonly eventId?: number
  readonly icid?: number
}

/** A call that KVM would have failed. `errno` is KVM's answer, `where` is the entry that caused it. */
export class KvmError extends Error {
  override readonly name = 'KvmError'
  readonly errno: Errno
  /** What is wrong, without the errno in front. */
  readonly reason: string
  readonly where: Where | undefined
  /** There is no answer: the host's kernel follows a NULL pointer here and dies. */
  readonly hostOops: boolean
  constructor(errno: Errno, reason: string, where?: Where, options: ErrorOptions & { readonly hostOops?: boolean } = {}) {
    super(`${errno}: ${reason}`, options)
    this.hostOops = options.hostOops ?? false
    this.errno = errno
    this.reason = reason
    this.where = where
  }
}

/** True for a `KvmError`, also one of another copy of this library. */
export function isKvmError(error: unknown): error is KvmError {
  return error instanceof Error && error.name === 'KvmError' && 'errno' in error
}

/** The answer of a call at the ioctl boundary: a value, or KVM's errno with its place. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false
      readonly errno: Errno
      readonly where: Where | undefined
      readonly reason: string
      /** There is no answer: the host's kernel dies. */
      readonly hostOops?: true
    }

/** Runs `body` the way the ioctl boundary does: an errno is an answer, anything else is our bug. */
export function attempt<T>(body: () => T): Outcome<T> {
  try {
    return { ok: true, value: body() }
  } catch (error) {
    if (!isKvmError(error)) throw error
    const { errno, where, reason, hostOops } = error
    return { ok: false, errno, where, reason, ...(hostOops && { hostOops }) }
  }
}

/** A page of RAM that is loaded piece by piece was read before it was loaded: a bug of the loader, never an errno of KVM. */
export class NotLoadedError extends Error {
  override readonly name = 'NotLoadedError'
  readonly at: Gpa
  constructor(at: Gpa) {
    super(`page 0x${at.toString(16)} was read before it was loaded`)
    this.at = at
  }
}
