import type { GuestView } from './guest-view.ts'

/** What a real restore came to. */
export type Restore =
  | { readonly done: false; readonly why: string }
  | {
      readonly done: true
      /** LPIs that were mapped after the restore. */
      readonly lpis: ReadonlySet<number>
      /** Live events that went to another CPU after the restore than the guest has aimed them at. */
      readonly misdirected: number
      /** Disks, network cards and RNGs that did not answer in the restored guest, or without an interrupt. */
      readonly silent: readonly string[]
      /** LPIs that came while they were asked. */
      readonly rang: ReadonlySet<number>
    }

/** What is true of a save, by the word of the guest and of a real KVM. LPIs name events: a guest gives each to one only. */
export interface Truth {
  /** LPIs that were mapped when the guest was saved. */
  readonly live: ReadonlySet<number>
  /** Those of them that KVM had on another CPU than the guest's when it saved them: no restore is to blame. */
  readonly astray: number
  /** The save as it was. */
  readonly restore: Restore
  /** The file that `vits repair -y` made of it, when it wrote one: the words it changed, and what that came to. */
  readonly repaired?: { readonly words: readonly string[]; readonly restore: Restore }
}

/** What is kept beside a save: its truth, and the guest's own view, for the reader. */
export function formatTruth(truth: Truth, guest: GuestView): string {
  const arrays = (_: string, value: unknown) => (value instanceof Set ? [...value] : value)
  return `${JSON.stringify({ ...truth, guest }, arrays, 1)}\n`
}

/** Reads what `formatTruth` made. */
export function parseTruth(text: string): Truth {
  const sets = (key: string, value: unknown) => (['live', 'lpis', 'rang'].includes(key) ? new Set(value as number[]) : value)
  const { live, astray, restore, repaired } = JSON.parse(text, sets)
  return { live, astray, restore, ...(repaired && { repaired }) }
}
