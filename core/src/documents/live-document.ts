import { type CheckDocument, type Checked, checkDocument } from './check-document.ts'

/** What `vits live --json` prints: of a VM that runs what `vits check --json` would of its save, and how it was looked at. */
export interface LiveDocument extends CheckDocument {
  /** How long the VM stood still. */
  readonly pause: PauseDocument
  /** The version of QEMU. */
  readonly qemu: string
  /** Pieces of guest RAM that were read, and their bytes. */
  readonly reads: number
  readonly bytes: number
}

/** How long the VM stood still. */
export interface PauseDocument {
  /** What it did before, and does again. */
  readonly was: 'running' | 'paused'
  /** By the clock of QEMU's host; null where it was paused before. */
  readonly milliseconds: number | null
  /** For how long it might have. */
  readonly most: number
}

/** How a running VM was looked at. */
export interface Looked {
  readonly version: string
  readonly pause: { readonly was: PauseDocument['was']; readonly milliseconds: number | undefined }
  readonly most: number
  readonly reads: number
  readonly bytes: number
}

export const liveDocument = (found: Checked, { version, pause, most, reads, bytes }: Looked): LiveDocument => ({
  ...checkDocument(found),
  pause: { was: pause.was, milliseconds: pause.milliseconds ?? null, most },
  qemu: version,
  reads,
  bytes,
})
