import type { Series, Since } from '../releases.ts'

/** A behaviour of KVM that some kernels have and the newest has not. */
export interface QuirkRow {
  /** What a kernel with this quirk does. */
  readonly does: string
  /** What that comes to for a VM, where it is not plain. */
  readonly means?: string
  /** Which part of the model asks for it. */
  readonly part: 'commands' | 'registers' | 'attributes' | 'msi' | 'save' | 'restore'
  /** The first kernels that have it; absent: all from 4.13 on, the first that saves an ITS. Empty: no released kernel has it. */
  readonly since?: Since
  /** The first kernels that have it no longer; absent: none yet. */
  readonly until?: Since
  /** Stable series that took what ends it, at a patch level that was not read: which of their releases have it is unknown. */
  readonly unread?: readonly Series[]
  /** No run has shown it, for want of GICv4 hardware or of the kernel: it is known by reading alone. */
  readonly unrun?: true
  /** The upstream commit that ends it (or, for a regression, both ends), or its title in quotes; absent where neither is known. */
  readonly commit?: string
  /** What else is to know of the releases above: how they are known, and what was not looked at. */
  readonly note?: string
}
