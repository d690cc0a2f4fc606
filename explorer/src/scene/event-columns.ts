import { type Fate, fateNames } from './fates.ts'

/** One event of the page. */
export interface EventCell {
  readonly eventId: number
  /** 0 where nobody tells. */
  readonly lpi: number
  /** 65536, which no collection has, where nobody tells. */
  readonly icid: number
  readonly fate: Fate
  /** The pending bit of its LPI is set on the vCPU that it goes to. */
  readonly isPending: boolean
}

/** No ICID. */
export const NO_ICID = 0x10000

/** The events of all rows, each row's together: numbers only, because there may be tens of thousands. */
export interface EventColumns {
  readonly eventId: Uint32Array
  readonly lpi: Uint32Array
  readonly icid: Uint32Array
  readonly fate: Uint8Array
  readonly pending: Uint8Array
}

/** Columns that grow: no object for each event. */
export class EventList {
  #columns = emptyColumns(1024)
  #length = 0

  get length(): number {
    return this.#length
  }

  add({ eventId, lpi, icid, fate, isPending }: EventCell): void {
    const i = this.#length++
    if (i === this.#columns.eventId.length) this.#grow()
    const columns = this.#columns
    columns.eventId[i] = eventId
    columns.lpi[i] = lpi
    columns.icid[i] = icid
    columns.fate[i] = fateNames.indexOf(fate)
    columns.pending[i] = Number(isPending)
  }

  #grow(): void {
    const grown = emptyColumns(2 * this.#columns.eventId.length)
    for (const name of names) grown[name].set(this.#columns[name])
    this.#columns = grown
  }

  columns(): EventColumns {
    const { eventId, lpi, icid, fate, pending } = this.#columns
    const end = this.#length
    return {
      eventId: eventId.slice(0, end),
      lpi: lpi.slice(0, end),
      icid: icid.slice(0, end),
      fate: fate.slice(0, end),
      pending: pending.slice(0, end),
    }
  }
}

const names = ['eventId', 'lpi', 'icid', 'fate', 'pending'] as const

const emptyColumns = (events: number): EventColumns => ({
  eventId: new Uint32Array(events),
  lpi: new Uint32Array(events),
  icid: new Uint32Array(events),
  fate: new Uint8Array(events),
  pending: new Uint8Array(events),
})

/** The event in one place of the columns. */
export const cellAt = (columns: EventColumns, i: number): EventCell => ({
  eventId: columns.eventId[i]!,
  lpi: columns.lpi[i]!,
  icid: columns.icid[i]!,
  fate: fateNames[columns.fate[i]!]!,
  isPending: columns.pending[i] === 1,
})
