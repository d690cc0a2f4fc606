import { cellAt, type EventColumns, type Fate, fates, type GuestMoment, type Page, type Row } from '../scene/index.ts'
import { h, hex, many } from './dom.ts'
import { drawStrip } from './strip.ts'

/** Pixels that each line of the grid is high. */
export const LINE = 30
/** Events that stand as cells of their own; of more, all are one strip. */
const MOST_CELLS = 20

/** What one line of the grid shows. */
export type Line = { readonly page: Page; readonly isPassed: boolean } | { readonly row: Row; readonly run: Run }

/** The place of a row among those that one jump goes over. */
export type Run = 'none' | 'only' | 'first' | 'middle' | 'last'

/** What all lines are drawn with. */
export interface Drawing {
  readonly events: EventColumns
  readonly commands: number
  readonly guest: Then | undefined
  readonly device: number | undefined
  readonly event: number | undefined
  readonly changed: ReadonlySet<number>
}

/** What the guest had mapped at the moment that is shown. */
export interface Then {
  readonly after: number
  readonly deviceId: number | undefined
  readonly events: ReadonlyMap<number, ReadonlySet<number>>
}

export function thenOf({ after, deviceId, deviceIds, first, eventIds }: GuestMoment): Then {
  const events = new Map<number, ReadonlySet<number>>()
  for (const [i, id] of deviceIds.entries()) events.set(id, new Set(eventIds.subarray(first[i], first[i + 1])))
  return { after, deviceId, events }
}

/** One line of the grid as elements, which are used again for another line when this one scrolls away. */
export class LineView {
  readonly element: HTMLElement
  readonly #id = h('b')
  readonly #label = h('small')
  readonly #bars = h('span', { class: 'bars' })
  readonly #rail = h('span', { class: 'rail', 'aria-hidden': 'true' }, h('i'))
  readonly #jump = h('span', { class: 'nx' })
  readonly #cells = h('span', { class: 'evs' })
  readonly #strip = h('canvas', { class: 'strip', width: 240, height: 12, hidden: true })
  readonly #note = h('span', { class: 'empty' })
  readonly #words = h('span', { class: 'said' })
  readonly #fate = h('span', { class: 'fate', role: 'gridcell' })
  readonly #page = h('span', { class: 'pagename', role: 'gridcell' })
  readonly #own: readonly HTMLElement[]
  readonly #history = h('span', { class: 'hist', role: 'gridcell' }, this.#bars)

  constructor() {
    const name = h('span', { class: 'id', role: 'rowheader' }, this.#id, this.#label)
    const ram = h(
      'span',
      { class: 'ram', role: 'gridcell' },
      this.#rail,
      this.#jump,
      this.#cells,
      this.#strip,
      this.#note,
      this.#words,
    )
    this.#own = [name, this.#history, ram, this.#fate]
    this.element = h('div', { class: 'line', role: 'row' })
  }

  show(line: Line, index: number, drawing: Drawing): void {
    this.element.style.transform = `translateY(${index * LINE}px)`
    this.element.setAttribute('aria-rowindex', String(index + 2))
    this.element.id = 'page' in line ? '' : `row-${line.row.deviceId}`
    if ('page' in line) this.#showPage(line)
    else this.#showRow(line.row, line.run, drawing)
  }

  #showPage({ page: { index, at, page, head }, isPassed }: Extract<Line, { page: Page }>): void {
    this.element.className = `line page ${isPassed ? 'passed' : 'unreached'}`
    this.element.removeAttribute('aria-selected')
    const first = index * 8192
    const lack = page === undefined ? ': the table has no page for them' : ''
    const lies = `DeviceIDs ${hex(first)} to ${hex(first + 8191)}${lack}${head === '' ? '' : ` · ${head}`}`
    const rail = h('span', { class: 'rail', 'aria-hidden': 'true' })
    const name = h(
      'span',
      { title: `first-level entry at ${hex(at)}` },
      h('b', {}, `L1[${index}]`),
      h('small', {}, page === undefined ? ' not valid' : ` page ${hex(page)}`),
    )
    this.#page.replaceChildren(name, h('span', { class: 'ram' }, rail, h('small', {}, lies)))
    this.element.replaceChildren(this.#page)
  }

  #showRow(row: Row, run: Run, drawing: Drawing): void {
    const { guest, device } = drawing
    const isSelected = row.deviceId === device
    const now = guest === undefined ? '' : guest.events.has(row.deviceId) ? 'then' : 'not-then'
    const marks = [
      row.repaired === undefined ? '' : 'gone',
      drawing.changed.has(row.deviceId) ? 'changed' : '',
      row.isOutside ? 'outside' : '',
    ]
    this.element.className = `line row p-${row.path} run-${run} b-${row.belief} t-${row.tone} ${now} ${marks.join(' ')}`
    this.element.setAttribute('aria-selected', String(isSelected))
    if (this.element.firstElementChild !== this.#own[0]) this.element.replaceChildren(...this.#own)
    this.#id.textContent = hex(row.deviceId)
    this.#label.textContent = row.label
    this.#label.title = row.label
    this.#history.setAttribute('aria-label', historyWords(row))
    drawBars(this.#bars, row, drawing)
    this.#jump.textContent = row.jump
    this.#jump.title = row.jumpNote
    this.#showEvents(row, drawing)
    this.#fate.textContent = guest === undefined ? row.outcome : thenWords(guest, row.deviceId)
  }

  #showEvents(row: Row, drawing: Drawing): void {
    const { events } = drawing
    const isStrip = row.count > MOST_CELLS
    this.#strip.hidden = !isStrip
    this.#cells.hidden = isStrip
    const shown = isStrip ? 0 : row.count
    while (this.#cells.childElementCount > shown) this.#cells.lastElementChild!.remove()
    while (this.#cells.childElementCount < shown) this.#cells.append(h('i'))
    const had = drawing.guest?.events.get(row.deviceId)
    for (let i = 0; i < shown; i++) {
      const cell = this.#cells.children[i] as HTMLElement
      const { eventId, fate, isPending, lpi } = cellAt(events, row.first + i)
      const now = drawing.guest === undefined ? '' : had?.has(eventId) === true ? 'had' : 'had-not'
      const isOn = row.deviceId === drawing.device && eventId === drawing.event
      cell.className = `ev ${fate} ${now} ${isPending ? 'pending' : ''} ${isOn ? 'on' : ''}`
      cell.textContent = fates[fate].mark
      cell.title = `event ${eventId}, LPI ${lpi}: ${fates[fate].word}${isPending ? '; pending' : ''}`
      cell.dataset['event'] = String(eventId)
    }
    if (isStrip) drawStrip(this.#strip, events, row.first, row.count)
    this.#note.replaceChildren(...noteOf(row, isStrip))
    this.#words.textContent = wordsOf(row, events)
  }
}

function noteOf(row: Row, isStrip: boolean): (Node | string)[] {
  if (row.repaired !== undefined) {
    const [from = '', to = ''] = row.repaired.split(' -> ')
    return [h('s', {}, from), ` → ${to}`]
  }
  if (row.isOutside) return [`read at ${hex(row.at ?? 0)}, outside its table`]
  if (isStrip) return [`${many(row.count)} events`]
  return row.count === 0 ? [row.at === undefined ? 'no entry' : 'no valid entry in its ITT'] : []
}

/** The same for who does not see it: how the scan meets the row, and its events by what becomes of them. */
function wordsOf(row: Row, events: EventColumns): string {
  const counts = new Map<Fate, number>()
  for (let i = row.first; i < row.first + Math.min(row.count, 1024); i++) {
    const { fate } = cellAt(events, i)
    counts.set(fate, (counts.get(fate) ?? 0) + 1)
  }
  const told = [...counts].map(([fate, count]) => `${count} ${fates[fate].word}`)
  return [pathWords[row.path], ...(row.jump === '' ? [] : [`next ${row.jump}`]), ...told].join('; ')
}

const pathWords = {
  visited: 'visited',
  stop: 'KVM stops here',
  jumped: 'jumped over',
  unreached: 'never reached',
  absent: 'not in RAM',
} as const satisfies Record<Row['path'], string>

function historyWords({ lives }: Row): string {
  if (lives.length === 0) return 'no command names it'
  return lives
    .map(
      ({ from, to, isOlder }) =>
        `${isOlder ? 'mapped before' : `mapped at ${from + 1}`}${to === undefined ? '' : `, unmapped at ${to + 1}`}`,
    )
    .join('; ')
}

const thenWords = ({ events }: Then, deviceId: number): string => {
  const had = events.get(deviceId)
  return had === undefined ? '–' : `had ${had.size}`
}

/** The lives of a device as bars: one background each, so that a row needs no element for them. */
function drawBars(bars: HTMLElement, { lives, at, belief, repaired }: Row, { commands, guest }: Drawing): void {
  const all = Math.max(1, commands)
  const part = (from: number, to: number, paint: string, height: number) => {
    const wide = Math.max(0.8, ((to - from) / all) * 100)
    const left = wide >= 100 ? 0 : (((from / all) * 100) / (100 - wide)) * 100
    return { image: paint, place: `${Math.min(100, left)}% 50%`, size: `${wide}% ${height}px` }
  }
  const end = lives.at(-1)?.to
  const isGhost = end !== undefined && (at !== undefined || repaired !== undefined) && belief !== 'live'
  const parts = [
    ...(guest === undefined
      ? []
      : [part(guest.after - all / 400, guest.after + all / 400, 'linear-gradient(var(--ink), var(--ink))', 30)]),
    ...lives.flatMap(({ to }) =>
      to === undefined ? [] : [part(to, to + all / 120, 'linear-gradient(var(--soft), var(--soft))', 16)],
    ),
    ...lives.map(({ from, to }) =>
      part(
        from,
        to ?? all,
        to === undefined ? 'linear-gradient(var(--live), var(--live))' : 'linear-gradient(var(--past), var(--past))',
        8,
      ),
    ),
    ...(isGhost ? [part(end, all, 'repeating-linear-gradient(90deg, var(--warn) 0 4px, transparent 4px 8px)', 2)] : []),
    part(0, all, 'linear-gradient(var(--hair), var(--hair))', 1),
  ]
  bars.style.backgroundImage = parts.map(({ image }) => image).join(',')
  bars.style.backgroundPosition = parts.map(({ place }) => place).join(',')
  bars.style.backgroundSize = parts.map(({ size }) => size).join(',')
}
