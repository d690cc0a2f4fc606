import type { GuestView } from './guest-view.ts'

/** What is true of a save, by the word of the guest and of a real KVM. LPIs name events: a guest gives each to one only. */
export interface Truth {
  /** LPIs that were mapped when the guest was saved. */
  readonly live: ReadonlySet<number>
  /** Those of them that KVM had on another CPU than the guest's when it saved them: no restore is to blame. */
  readonly astray: number
  readonly restore:
    | { readonly done: false; readonly why: string }
    | {
        readonly done: true
        /** LPIs that were mapped after the restore. */
        readonly lpis: ReadonlySet<number>
        /** Live events that went to another CPU after the restore than the guest has aimed them at. */
        readonly misdirected: number
        /** Disks, network cards and RNGs that did not answer in the restored guest. */
        readonly silent: readonly string[]
      }
}

/** What is kept beside a save: its truth, and the guest's own view, for the reader. */
export function formatTruth(truth: Truth, guest: GuestView): string {
  const arrays = (_: string, value: unknown) => (value instanceof Set ? [...value] : value)
  return `${JSON.stringify({ ...truth, guest }, arrays, 1)}\n`
}

/** Reads what `formatTruth` made. */
export function parseTruth(text: string): Truth {
  const { live, astray, restore } = JSON.parse(text)
  return { live: new Set(live), astray, restore: restore.done ? { ...restore, lpis: new Set(restore.lpis) } : restore }
}
