import { type Fate, fates, type Page, type Row } from '../scene/index.ts'
import { h, many } from './dom.ts'
import type { Doings } from './header.ts'
import { type Drawing, LINE, type Line, LineView, type Run, thenOf } from './line.ts'
import { Overview } from './overview.ts'
import type { State } from './state.ts'

/** Lines beyond the window that are drawn too. */
const BEYOND = 5
/** Lines that are printed. */
const MOST_PRINTED = 1000
/** DeviceIDs under one first-level entry. */
const PAGE_ROWS = 8192

/** The devices in the order of the scan: as many lines as the window shows, used again while it scrolls. */
export class Grid {
  readonly element: HTMLElement
  readonly #state: State
  readonly #rows = h('div', { class: 'rows', role: 'rowgroup' })
  readonly #head = h('div', { class: 'head', role: 'row', 'aria-rowindex': 1 })
  readonly #grid: HTMLElement
  readonly #legend = h('ul', { class: 'legend', 'aria-label': 'legend' })
  readonly #overview: Overview
  #lines: Line[] = []
  #drawing: Drawing | undefined
  #views: { readonly view: LineView; shows: number }[] = []
  readonly #indexOf = new Map<number, number>()

  constructor(state: State, doings: Doings) {
    this.#state = state
    this.#grid = h(
      'div',
      { class: 'grid', role: 'grid', 'aria-label': 'devices in the order of the scan', tabindex: 0, id: 'grid' },
      this.#head,
      this.#rows,
    )
    this.#overview = new Overview((line) => scrollBy({ top: this.#top() + line * LINE - innerHeight / 2 }))
    this.element = h(
      'section',
      { class: 'map', 'aria-labelledby': 'map' },
      h('h2', { id: 'map' }, 'Devices, in the order of the scan'),
      this.#legend,
      this.#grid,
      this.#overview.element,
    )
    this.#rows.addEventListener('click', ({ target }) => {
      const line = (target as HTMLElement).closest<HTMLElement>('.row')
      const event = (target as HTMLElement).dataset['event']
      const device = line?.id.replace('row-', '')
      if (device !== undefined) doings.select(Number(device), event === undefined ? undefined : Number(event))
    })
    addEventListener('scroll', () => this.#draw(), { passive: true })
    addEventListener('resize', () => this.#draw())
    addEventListener('beforeprint', () => this.#print())
    addEventListener('afterprint', () => this.#redraw())
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.update())
  }

  /** Draws what the state has now: rows may have come since. */
  update(): void {
    const { shown, guest, place, changes } = this.#state
    if (shown === undefined) return
    this.#layout(shown.rows, shown.pages)
    const changed = new Set((changes?.views.guest ?? []).flatMap(({ deviceId }) => deviceId ?? []))
    this.#drawing = {
      events: shown.events,
      commands: shown.timeline.commands,
      guest: guest === undefined ? undefined : thenOf(guest),
      device: place.device,
      event: place.event,
      changed,
    }
    this.#grid.setAttribute('aria-rowcount', String(this.#lines.length + 1))
    this.#rows.style.height = `${this.#lines.length * LINE}px`
    this.#head.replaceChildren(...headings(shown.timeline.commands, guest !== undefined))
    this.#legend.replaceChildren(
      ...legend(
        shown.events.fate,
        shown.events.pending.some((bit) => bit === 1),
      ),
    )
    for (const one of this.#views) one.shows = -1
    this.#draw()
    this.#overview.draw(this.#lines, shown.events, shown.rowCount)
  }

  #layout(rows: readonly Row[], pages: readonly Page[]): void {
    this.#lines = []
    this.#indexOf.clear()
    const last = rows.findLastIndex(({ path }) => path === 'visited' || path === 'stop')
    let next = 0
    for (const [i, row] of rows.entries()) {
      const page = pages[next]
      if (page !== undefined && row.deviceId >= page.index * PAGE_ROWS) {
        this.#lines.push({ page, isPassed: i <= last })
        next++
      }
      this.#indexOf.set(row.deviceId, this.#lines.length)
      this.#lines.push({ row, run: runOf(rows, i, pages.length > 0) })
    }
  }

  /** Where the first line is, seen from the top of the window. */
  #top(): number {
    return this.#rows.getBoundingClientRect().top
  }

  #draw(): void {
    if (this.#drawing === undefined) return
    const from = Math.max(0, Math.floor(-this.#top() / LINE) - BEYOND)
    const to = Math.min(this.#lines.length, from + Math.ceil(innerHeight / LINE) + 2 * BEYOND)
    const wanted = Math.min(this.#lines.length, Math.ceil(innerHeight / LINE) + 2 * BEYOND)
    if (this.#views.length !== wanted) this.#prepare(wanted)
    for (let i = from; i < to; i++) {
      const one = this.#views[i % wanted]!
      if (one.shows === i) continue
      one.shows = i
      one.view.show(this.#lines[i]!, i, this.#drawing)
    }
    this.#markActive()
  }

  /** On paper nothing scrolls: all lines, as far as that is sensible. */
  #print(): void {
    const drawing = this.#drawing
    if (drawing === undefined) return
    const lines = this.#lines.slice(0, MOST_PRINTED)
    this.#prepare(lines.length)
    for (const [i, line] of lines.entries()) this.#views[i]!.view.show(line, i, drawing)
    this.#rows.style.height = `${lines.length * LINE}px`
  }

  /** The window's lines again. */
  #redraw(): void {
    this.#views = []
    this.update()
  }

  #prepare(count: number): void {
    this.#views = Array.from({ length: count }, () => ({ view: new LineView(), shows: -1 }))
    this.#rows.replaceChildren(...this.#views.map(({ view }) => view.element))
  }

  #markActive(): void {
    const id = `row-${this.#state.place.device}`
    if (document.getElementById(id) === null) this.#grid.removeAttribute('aria-activedescendant')
    else this.#grid.setAttribute('aria-activedescendant', id)
  }

  focus(): void {
    this.#grid.focus({ preventScroll: true })
  }

  /** Brings a row into the window, if it is not there. */
  reveal(deviceId: number): void {
    const index = this.#indexOf.get(deviceId)
    if (index === undefined) return
    const y = this.#top() + index * LINE
    if (y > 2 * LINE && y < innerHeight - 3 * LINE) return
    scrollBy({ top: y - innerHeight / 2 })
    this.#draw()
  }
}

function runOf(rows: readonly Row[], i: number, arePages: boolean): Run {
  const pageOf = (row: Row) => (arePages ? Math.floor(row.deviceId / PAGE_ROWS) : 0)
  const isPassed = (row: Row | undefined) => row?.path === 'jumped' && pageOf(row) === pageOf(rows[i]!)
  if (!isPassed(rows[i])) return 'none'
  const [before, after] = [isPassed(rows[i - 1]), isPassed(rows[i + 1])]
  if (before) return after ? 'middle' : 'last'
  return after ? 'first' : 'only'
}

const headings = (commands: number, isThen: boolean): HTMLElement[] => [
  h('span', { role: 'columnheader' }, 'DeviceID'),
  h('span', { role: 'columnheader', class: 'hist' }, 'guest did', h('small', {}, `${many(commands)} commands`)),
  h('span', { role: 'columnheader' }, 'in RAM', h('small', {}, 'on the way of KVM’s scan')),
  h('span', { role: 'columnheader', class: 'r' }, isThen ? 'guest then' : 'restored'),
]

/** Only what is on the page, in the order of the fates. */
function legend(fate: Uint8Array, isAnyPending: boolean): HTMLElement[] {
  const there = new Set(fate)
  const entries = (Object.entries(fates) as [Fate, (typeof fates)[Fate]][]).filter((_, i) => there.has(i))
  const pending = isAnyPending ? [h('li', {}, h('i', { class: 'ev back pending', 'aria-hidden': 'true' }), 'pending')] : []
  return [
    ...entries.map(([name, { mark, word }]) => h('li', {}, h('i', { class: `ev ${name}`, 'aria-hidden': 'true' }, mark), word)),
    ...pending,
  ]
}
