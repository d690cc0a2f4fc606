import type { Facts } from '../scene/index.ts'
import { type Child, h, link, many, shortName } from './dom.ts'
import type { State } from './state.ts'

/** What the parts of the page ask for. */
export interface Doings {
  select(device: number | undefined, event?: number, reveal?: boolean): void
  go(part: Partial<State['place']>): void
}

/** The verdict as a sentence, and the counts on the way from the guest to what comes back. */
export function header(state: State, doings: Doings, tools: HTMLElement): HTMLElement {
  const { facts } = state.shown!
  const { file } = state.known[state.place.vm]!.opened
  return h(
    'header',
    { class: `verdict ${facts?.verdict ?? 'unknown'}` },
    h(
      'div',
      { class: 'what' },
      h(
        'p',
        { class: 'file' },
        h('b', { title: file.name }, shortName(file.name)),
        ` ${file.summary}`,
        state.isScrubbed && h('em', {}, 'scrubbed'),
      ),
      tools,
    ),
    h(
      'div',
      { class: 'say' },
      h('h1', {}, h('span', { class: 'sign', 'aria-hidden': 'true' }), facts?.title ?? 'Working out what a restore does …'),
      h('p', { class: 'headline' }, facts?.headline),
      stopLine(facts?.stop, doings),
      scrubbedLine(state.isScrubbed),
    ),
    facts !== undefined && flows(facts),
  )
}

const flows = ({ guest, tables, restored, notes }: Facts): HTMLElement =>
  h(
    'dl',
    { class: 'flows', 'aria-label': 'from the guest to what comes back' },
    flow('the guest has mapped', guest, notes.guest),
    flow('valid in RAM', tables, notes.tables),
    flow('comes back', restored, notes.restored),
  )

function stopLine(stop: Facts['stop'], doings: Doings): Child {
  if (stop === undefined) return undefined
  const { its, deviceId, eventId } = stop
  const go = () => {
    doings.go({ its, device: deviceId, event: eventId })
    doings.select(deviceId, eventId, true)
  }
  return h('p', { class: 'why' }, 'KVM stops at ', deviceId === undefined ? stop.place : link(stop.place, go), `: ${stop.says}.`)
}

const scrubbedLine = (isScrubbed: boolean): Child =>
  isScrubbed &&
  h('p', { class: 'note' }, 'Scrubbed: what is not the ITS’s was blanked, so words of dead entries may read differently.')

const flow = (name: string, { devices, events }: Facts['guest'], note: string): HTMLElement =>
  h(
    'div',
    { class: 'flow' },
    h('dt', {}, name),
    h(
      'dd',
      {},
      h('span', {}, h('b', {}, many(devices)), devices === 1 ? ' device' : ' devices'),
      ' ',
      h('span', {}, h('b', {}, many(events)), events === 1 ? ' event' : ' events'),
    ),
    h('dd', { class: 'small' }, note),
  )
