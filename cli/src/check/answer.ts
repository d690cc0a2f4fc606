import type { AskedDocument, UnreadDocument } from '@vits/core/documents'
import type { Io } from '../io.ts'
import { HOST } from '../options/host.ts'

/** What is wanted of each file, for the thread that works on it. */
export interface Answering {
  readonly version: string
  /** The report for people. */
  readonly report: boolean
  /** The document. */
  readonly document: boolean
  /** For each file, those that lie beside it and may be its VM's. */
  readonly beside?: readonly (readonly string[])[]
}

/** What of a command line an answer depends on. */
interface Deciding {
  readonly kernel?: string | undefined
  readonly strict: boolean
  readonly whyHang: boolean
  readonly guestKernel: boolean
  readonly mem?: string | undefined
  readonly registers?: string | undefined
  readonly base: readonly string[]
  readonly vgicItsState: readonly string[]
}

/** Each with what it was given; a kernel that is the host's with its release, because another host has another. */
export function decidingOptions(options: Deciding, host?: Pick<Io, 'hostKernel'>): string[] {
  const { strict, whyHang, guestKernel, mem, registers, base, vgicItsState } = options
  const kernel = options.kernel === HOST && host !== undefined ? `${HOST} ${host.hostKernel().release}` : options.kernel
  const named = { kernel, mem, registers }
  return [
    ...Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`])),
    ...base.map((path) => `--base=${path}`),
    ...vgicItsState.map((path) => `--vgic-its-state=${path}`),
    ...(strict ? ['--strict'] : []),
    ...(whyHang ? ['--why-hang'] : []),
    ...(guestKernel ? ['--guest-kernel'] : []),
  ]
}

/** A file without a verdict, and why there is none. */
interface Unread {
  readonly file: string
  readonly says: string
  /** It was known to be a saved VM when a limit ended the work. */
  readonly isOpen: boolean
  /** What was thrown. */
  readonly error?: unknown
  readonly asked: AskedDocument
}

export function unreadDocument({ file, says, isOpen, error, asked }: Unread): UnreadDocument {
  const { code, offset } = (error ?? {}) as { readonly code?: unknown; readonly offset?: unknown }
  return {
    schema: 1,
    file,
    verdict: isOpen ? 'undecided' : null,
    error: {
      says,
      errno: typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : null,
      offset: typeof offset === 'number' ? offset : null,
    },
    asked,
  }
}
