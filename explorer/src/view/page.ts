import type { ProfileId } from '@vits/core/abi'
import type { Chain } from '../scene/index.ts'
import type { Given } from '../worker/messages.ts'
import type { CoreWorker } from './ask.ts'
import { bar } from './bar.ts'
import { chainPanel, revealBroken } from './chain.ts'
import { helpDialog, tableDialog, textDialog } from './dialogs.ts'
import { append, byId, h, shortName } from './dom.ts'
import { find } from './find.ts'
import { Grid } from './grid.ts'
import { type Doings, header } from './header.ts'
import { keyboard } from './keyboard.ts'
import { reasonsPanel } from './reasons.ts'
import { saveCase, saveRepaired } from './save.ts'
import { Scrubber } from './scrubber.ts'
import { hashOf, type Place, type State } from './state.ts'
import { toolbar } from './tools.ts'

/** Rows that come in one message. */
const PIECE = 500

/** The page of one saved VM, or of two. */
export class Page implements Doings {
  readonly #core: CoreWorker
  readonly #state: State
  readonly #grid: Grid
  readonly #scrubber: Scrubber
  #chain: Chain | undefined
  /** Counts the states that were shown: what comes late for one that is gone is not shown. */
  #turn = 0
  /** Nothing stands on the page yet: rows are shown before the verdict is known. Later a state changes at once. */
  #isFirst = true
  #isItsChosen: boolean

  constructor(core: CoreWorker, state: State, isItsChosen: boolean) {
    this.#core = core
    this.#state = state
    this.#isItsChosen = isItsChosen
    this.#grid = new Grid(state, this)
    this.#scrubber = new Scrubber(state, this)
  }

  /** Opens what was given, shows its rows, and then asks for what takes longer. */
  static async open(
    core: CoreWorker,
    given: readonly Given[],
    wanted: Partial<Place>,
    about: { isScrubbed: boolean; hasFiles: boolean },
  ): Promise<Page> {
    const known = []
    for (const [vm, one] of given.entries())
      known.push({ opened: await core.ask('open', { vm, given: one, kernel: wanted.kernel }) })
    const place: Place = {
      vm: Math.min(wanted.vm ?? known.length - 1, known.length - 1),
      kernel: known[0]!.opened.kernel,
      isAfter: false,
      its: 0,
      device: wanted.device,
      event: wanted.event,
      moment: wanted.moment,
    }
    place.its = Math.min(wanted.its ?? 0, known[place.vm]!.opened.file.itses - 1)
    const state: State = { place, known, shown: undefined, guest: undefined, changes: undefined, ...about }
    const page = new Page(core, state, wanted.its !== undefined || wanted.device !== undefined)
    await page.#load()
    await page.#askMore(wanted.isAfter === true)
    return page
  }

  get #shown() {
    const { vm, kernel, isAfter, its } = this.#state.place
    return { vm, kernel, isAfter, its }
  }

  /** What takes longer than the rows: the other kernels, the repair, the trap. */
  async #askMore(isAfter: boolean): Promise<void> {
    const { vm, its } = this.#state.place
    const known = this.#state.known[vm]!
    known.chips = await this.#core.ask('kernels', { vm })
    await this.#judge()
    if (this.#state.known.length === 2) this.#state.changes = await this.#core.ask('changes', { its })
    known.plan = await this.#core.ask('plan', { vm })
    this.#render()
    document.documentElement.dataset['ready'] = 'all'
    if (isAfter) await this.go({ isAfter })
  }

  /** What the audit says; and on which kernels, once that is known. */
  async #judge(): Promise<void> {
    const turn = this.#turn
    const judgement = await this.#core.ask('judgement', this.#shown)
    const { shown, place } = this.#state
    if (turn !== this.#turn || shown === undefined) return
    this.#state.shown = { ...shown, ...judgement }
    const { stop } = judgement.facts
    if (place.device === undefined) {
      const isHere = stop?.deviceId !== undefined && stop.its === place.its
      const [first] = judgement.reasons.filter(({ its }) => its === place.its).flatMap(({ places }) => places)
      place.device = isHere ? stop.deviceId : (first?.deviceId ?? shown.rows[0]?.deviceId)
      place.event = first?.eventId ?? (place.device === undefined ? undefined : this.#firstEvent(place.device))
      if (isHere) place.event = stop.eventId
    }
    this.#render()
  }

  /** Looks what clearing only the entry would do at which this kernel stops. */
  async #seekTrap(): Promise<void> {
    const turn = this.#turn
    if (this.#state.place.isAfter || this.#state.shown?.facts?.stop === undefined) return
    const trap = await this.#core.ask('trap', this.#shown)
    const { shown } = this.#state
    if (turn !== this.#turn || shown === undefined || trap === undefined) return
    this.#state.shown = { ...shown, trap }
    this.#render()
  }

  /** Of several ITSes, the first one to be shown is the one that has something wrong. */
  #turnsToTrouble(): boolean {
    if (this.#isItsChosen) return false
    this.#isItsChosen = true
    const { place, shown } = this.#state
    const its = shown?.reasons.find(({ severity }) => severity !== 'note')?.its ?? place.its
    if (its === place.its) return false
    Object.assign(place, { its, device: undefined, event: undefined })
    return true
  }

  /** Shows the state of the place: the rows, piece by piece, and what the audit says of them. */
  async #load(): Promise<void> {
    const turn = ++this.#turn
    const asked = this.#shown
    const drawing = await this.#core.ask('drawing', asked)
    const rows = [...(await this.#core.ask('rows', { ...asked, from: 0, to: PIECE }))]
    if (turn !== this.#turn) return
    this.#state.shown = { ...drawing, rows, facts: undefined, reasons: [], trap: undefined }
    if (this.#isFirst) this.#render()
    this.#isFirst = false
    if (document.documentElement.dataset['ready'] !== 'all') document.documentElement.dataset['ready'] = 'rows'
    await this.#judge()
    if (this.#turnsToTrouble()) return this.#load()
    await this.#loadMoment()
    await this.#loadChain()
    await this.#seekTrap()
    while (rows.length < drawing.rowCount) {
      const more = await this.#core.ask('rows', { ...asked, from: rows.length, to: rows.length + PIECE })
      if (turn !== this.#turn) return
      rows.push(...more)
      if (rows.length >= drawing.rowCount || rows.length % (8 * PIECE) === 0) this.#grid.update()
    }
  }

  async #loadChain(): Promise<void> {
    const { device, event } = this.#state.place
    const asked = { device, event, turn: this.#turn }
    this.#chain =
      device === undefined ? undefined : await this.#core.ask('chain', { ...this.#shown, deviceId: device, eventId: event })
    const { place } = this.#state
    if (asked.device !== place.device || asked.event !== place.event || asked.turn !== this.#turn) return
    const panel = chainPanel(this.#state, this.#chain, this)
    byId('path').replaceWith(panel)
    revealBroken(panel)
  }

  async #loadMoment(): Promise<void> {
    const { moment } = this.#state.place
    const found = moment === undefined ? undefined : await this.#core.ask('moment', { ...this.#shown, after: moment })
    if (moment !== this.#state.place.moment) return
    this.#state.guest = found
    this.#grid.update()
    this.#scrubber.update()
  }

  select(device: number | undefined, event?: number, isRevealed = false): void {
    if (device === undefined) return
    const { place, shown } = this.#state
    place.device = device
    place.event = event ?? this.#firstEvent(device)
    if (shown !== undefined) this.#grid.update()
    if (isRevealed) this.#grid.reveal(device)
    this.#remember()
    void this.#loadChain()
  }

  /** The event at which KVM stops, or the first that is not well. */
  #firstEvent(device: number): number | undefined {
    const { shown } = this.#state
    const row = shown?.rows.find(({ deviceId }) => deviceId === device)
    if (shown === undefined || row === undefined || row.count === 0) return undefined
    const stop = shown.facts?.stop
    if (stop?.deviceId === device && stop.eventId !== undefined) return stop.eventId
    return shown.events.eventId[row.first]
  }

  async go(part: Partial<Place>): Promise<void> {
    const { place } = this.#state
    const isMomentAlone = Object.keys(part).every((name) => name === 'moment')
    Object.assign(place, part)
    this.#remember()
    if (isMomentAlone) return this.#loadMoment()
    if (place.vm >= this.#state.known.length) return
    const y = scrollY
    await this.#load()
    scrollTo(0, y)
    const known = this.#state.known[place.vm]!
    if (known.plan === undefined) await this.#askMore(false)
  }

  #remember(): void {
    history.replaceState(undefined, '', hashOf(this.#state.place))
  }

  #render(): void {
    const state = this.#state
    if (state.shown === undefined) return
    const focused = document.activeElement?.id
    const top = h('div', { class: 'top' }, header(state, this, this.#tools()), bar(state, this))
    const main = h(
      'main',
      {},
      reasonsPanel(state, this),
      h('div', { class: 'middle' }, this.#scrubber.element, this.#grid.element),
      chainPanel(state, this.#chain, this),
    )
    byId('app').replaceChildren()
    append(byId('app'), [top, main])
    revealBroken(byId('path'))
    document.title = `${state.shown.facts?.title ?? 'vits explore'} · ${shortName(state.known[state.place.vm]!.opened.file.name)}`
    this.#scrubber.update()
    this.#grid.update()
    if (focused === 'grid') this.#grid.focus()
    else if (focused !== undefined && focused !== '') document.getElementById(focused)?.focus({ preventScroll: true })
  }

  #tools(): HTMLElement {
    const { vm } = this.#state.place
    const { opened, plan } = this.#state.known[vm]!
    const canSave =
      this.#state.hasFiles &&
      opened.file.canBeWritten &&
      plan !== undefined &&
      plan.obstacles.length === 0 &&
      plan.words + plan.registers > 0
    return toolbar({
      find: (words) => this.find(words),
      text: () => void this.showText(),
      table: () => tableDialog(this.#state.shown?.rows ?? []),
      help: helpDialog,
      saveCase: () => void saveCase(this.#core, vm, opened.file.name),
      saveRepaired: canSave ? () => void saveRepaired(this.#core, vm) : undefined,
    })
  }

  find(words: string): boolean {
    const found = find(this.#state, words)
    if (found !== undefined) this.select(found.device, found.event, true)
    return found !== undefined
  }

  async showText(): Promise<void> {
    const { vm, kernel } = this.#state.place
    textDialog('What vits check prints', await this.#core.ask('text', { vm, kernel: kernel as ProfileId }))
  }

  /** Has the keys steer the page. */
  listen(): void {
    keyboard(this.#state, {
      select: (device, event) => {
        this.select(device, event)
        this.#grid.reveal(device)
      },
      problem: (by) => this.#problem(by),
      beforeAfter: () => {
        const { place, known } = this.#state
        if (known[place.vm]!.plan !== undefined) void this.go({ isAfter: !place.isAfter, moment: undefined })
      },
      step: (by) => {
        const all = this.#state.shown?.timeline.commands ?? 0
        const moment = Math.max(0, Math.min(all, (this.#state.place.moment ?? all) + by))
        void this.go({ moment: moment === all ? undefined : moment })
      },
      find: () => byId('find').focus(),
      text: () => void this.showText(),
      help: helpDialog,
    })
  }

  #problem(by: 1 | -1): void {
    const { shown, place } = this.#state
    const places = (shown?.reasons ?? [])
      .filter(({ its, severity }) => its === place.its && severity !== 'note')
      .flatMap((reason) => reason.places)
    if (places.length === 0) return
    const now = places.findIndex(
      ({ deviceId, eventId }) => deviceId === place.device && (eventId === undefined || eventId === place.event),
    )
    const next = places[(now + by + places.length + (now < 0 && by < 0 ? 1 : 0)) % places.length]!
    this.select(next.deviceId, next.eventId, true)
  }
}
