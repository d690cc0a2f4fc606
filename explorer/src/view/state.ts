import type { ProfileId } from '@vits/core/abi'
import type { Changes, EventColumns, Facts, GuestMoment, KernelChip, Page, Reason, Row, Timeline, Trap } from '../scene/index.ts'
import type { Opened, PlanAnswer } from '../worker/messages.ts'

/** Where the reader is: everything that a link to the page says. */
export interface Place {
  vm: number
  kernel: ProfileId
  isAfter: boolean
  its: number
  device: number | undefined
  event: number | undefined
  /** Commands of the guest's history; undefined for all of them. */
  moment: number | undefined
}

/** What is known of the state that is shown. */
export interface Shown {
  /** Undefined until the audit is done. */
  readonly facts: Facts | undefined
  readonly reasons: readonly Reason[]
  /** What clearing only the entry that KVM complains of would do, once that is known. */
  readonly trap: Trap | undefined
  readonly rows: Row[]
  readonly rowCount: number
  readonly events: EventColumns
  readonly pages: readonly Page[]
  readonly timeline: Timeline
}

/** What is known of one saved VM, as it comes. */
export interface Known {
  readonly opened: Opened
  chips?: readonly KernelChip[]
  plan?: PlanAnswer
}

/** Everything the page shows is made of this. */
export interface State {
  place: Place
  known: Known[]
  shown: Shown | undefined
  /** What the guest had mapped at the moment that is shown. */
  guest: GuestMoment | undefined
  changes: Changes | undefined
  /** What a report says of itself beside the case. */
  readonly isScrubbed: boolean
  /** The whole files are here, and not only a case. */
  hasFiles: boolean
}

/** `#device=0x5200&event=0&kernel=linux-5.10&after=1`. */
export function hashOf({ vm, kernel, isAfter, its, device, event, moment }: Place): string {
  const parts = [
    ...(vm === 0 ? [] : [`vm=${vm}`]),
    ...(its === 0 ? [] : [`its=${its}`]),
    `kernel=${kernel}`,
    ...(isAfter ? ['after=1'] : []),
    ...(device === undefined ? [] : [`device=0x${device.toString(16)}`]),
    ...(event === undefined ? [] : [`event=${event}`]),
    ...(moment === undefined ? [] : [`moment=${moment}`]),
  ]
  return `#${parts.join('&')}`
}

/** What a link says; of what it does not say, or says wrongly, nothing. */
export function placeIn(hash: string, isKernel: (id: string) => id is ProfileId): Partial<Place> {
  const said = new URLSearchParams(hash.replace(/^#/, ''))
  const number = (name: string) => {
    const value = Number(said.get(name) ?? Number.NaN)
    return Number.isInteger(value) && value >= 0 ? value : undefined
  }
  const kernel = said.get('kernel') ?? ''
  const found: Partial<Place> = { isAfter: said.get('after') === '1' }
  if (isKernel(kernel)) found.kernel = kernel
  for (const name of ['vm', 'its', 'device', 'event', 'moment'] as const) {
    const value = number(name)
    if (value !== undefined) found[name] = value
  }
  return found
}
