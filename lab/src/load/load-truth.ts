import { type GuestMapping, type GuestView, guestView } from '../guests/guest-view.ts'
import { section } from '../guests/section.ts'

/** What is true of a save under load, by the word of the guest and of a real KVM. */
export interface LoadTruth {
  /** What the guest said of its interrupts, as `guest/view` printed it. */
  readonly view: string
  /** LPIs that KVM had pending when it was saved, and the vCPU of each. */
  readonly pending: ReadonlyMap<number, number>
  /** LPIs of the queues under load that never came in the restored guest, while another came hundreds of times. */
  readonly still: readonly number[]
}

/** What is kept beside a save: the guest's words, and after them KVM's. */
export function formatLoadTruth({ view, pending, still }: LoadTruth): string {
  const pairs = [...pending].map(([lpi, vcpu]) => `LPI ${lpi} on vCPU ${vcpu}\n`)
  return `${view}== pending in KVM\n${pairs.join('')}== stands still after a restore\n${still.map((lpi) => `LPI ${lpi}\n`).join('')}`
}

/** Reads what `formatLoadTruth` made. @throws Error when a part is missing. */
export function parseLoadTruth(text: string): LoadTruth {
  const pending = [...section(text, 'pending in KVM').matchAll(/^LPI (\d+) on vCPU (\d+)$/gm)]
  const still = [...section(text, 'stands still after a restore').matchAll(/^LPI (\d+)$/gm)]
  return {
    view: text.slice(0, text.indexOf('== pending in KVM\n')),
    pending: new Map(pending.map(([, lpi, vcpu]) => [Number(lpi), Number(vcpu)])),
    still: still.map(([, lpi]) => Number(lpi)),
  }
}

/** The event that an LPI is, as the guest knows it. */
export const eventOfLpi = ({ mappings }: GuestView, lpi: number): GuestMapping | undefined =>
  mappings.find((mapping) => mapping.lpi === lpi)

/** The guest's own view in it. */
export const guestOf = ({ view }: LoadTruth): GuestView => guestView(view)
