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
  /** The same, once what `vits repair -y` made of the save was restored; undefined where nothing stood still or nothing was repaired. */
  readonly stillRepaired?: readonly number[]
}

const headings = {
  pending: 'pending in KVM',
  still: 'stands still after a restore',
  stillRepaired: 'stands still after a restore of what vits repaired',
} as const

/** What is kept beside a save: the guest's words, and after them KVM's. */
export function formatLoadTruth({ view, pending, still, stillRepaired }: LoadTruth): string {
  const part = (name: keyof typeof headings, lines: readonly string[]) => [`== ${headings[name]}`, ...lines, ''].join('\n')
  const lpis = (list: readonly number[]) => list.map((lpi) => `LPI ${lpi}`)
  const pairs = [...pending].map(([lpi, vcpu]) => `LPI ${lpi} on vCPU ${vcpu}`)
  const repaired = stillRepaired === undefined ? '' : part('stillRepaired', lpis(stillRepaired))
  return `${view}${part('pending', pairs)}${part('still', lpis(still))}${repaired}`
}

/** Reads what `formatLoadTruth` made. @throws Error when a part is missing. */
export function parseLoadTruth(text: string): LoadTruth {
  const lpis = (name: keyof typeof headings) =>
    [...section(text, headings[name]).matchAll(/^LPI (\d+)$/gm)].map(([, lpi]) => Number(lpi))
  const pending = [...section(text, headings.pending).matchAll(/^LPI (\d+) on vCPU (\d+)$/gm)]
  return {
    view: text.slice(0, text.indexOf(`== ${headings.pending}\n`)),
    pending: new Map(pending.map(([, lpi, vcpu]) => [Number(lpi), Number(vcpu)])),
    still: lpis('still'),
    ...(text.includes(`== ${headings.stillRepaired}\n`) && { stillRepaired: lpis('stillRepaired') }),
  }
}

/** The event that an LPI is, as the guest knows it. */
export const eventOfLpi = ({ mappings }: GuestView, lpi: number): GuestMapping | undefined =>
  mappings.find((mapping) => mapping.lpi === lpi)

/** The guest's own view in it. */
export const guestOf = ({ view }: LoadTruth): GuestView => guestView(view)
