import type { Chain, Link } from '../scene/index.ts'
import { byId, type Child, h, hex } from './dom.ts'
import { eventMap } from './event-map.ts'
import type { Doings } from './header.ts'
import type { State } from './state.ts'

/** The way of one interrupt, link by link, and what the guest said of its device. */
export function chainPanel(state: State, chain: Chain | undefined, doings: Doings): HTMLElement {
  const { place, shown } = state
  const row = shown?.rows.find(({ deviceId }) => deviceId === place.device)
  const title =
    chain === undefined
      ? 'Choose a device'
      : `The way of ${hex(chain.deviceId)}${chain.eventId === undefined ? '' : ` event ${chain.eventId}`}`
  return h(
    'section',
    { id: 'path', class: isFolded ? 'folded' : '', tabindex: 0, 'aria-labelledby': 'path-title' },
    h('h2', { id: 'path-title' }, title),
    foldButton(),
    h('div', { 'aria-live': 'polite' }, chain !== undefined && summary(chain, row?.tone ?? 'soft', row?.outcome ?? '')),
    row !== undefined && row.count > 20 && eventMap(state, row, doings),
    chain !== undefined && h('ol', { class: 'chain', tabindex: 0, 'aria-label': 'from DeviceID to vCPU' }, chain.links.map(card)),
    chain !== undefined && commands(chain, doings),
  )
}

/** On a narrow window the panel is a sheet over the page, which comes when it is asked for: the verdict and why stand there first. */
let isFolded = true

function foldButton(): HTMLElement {
  const words = () => (isFolded ? 'show' : 'hide')
  const button = h('button', { type: 'button', class: 'tool fold', 'aria-expanded': String(!isFolded) }, words())
  button.addEventListener('click', () => {
    isFolded = !isFolded
    button.textContent = words()
    button.setAttribute('aria-expanded', String(!isFolded))
    byId('path').classList.toggle('folded', isFolded)
  })
  return button
}

/** Where the links stand side by side, brings the first broken one into view. */
export function revealBroken(panel: HTMLElement): void {
  const chain = panel.querySelector<HTMLElement>('.chain')
  const broken = panel.querySelector<HTMLElement>('.broken')
  if (chain !== null && broken !== null) chain.scrollLeft = broken.offsetLeft - chain.offsetLeft - 20
}

function summary({ subject, role, witnesses }: Chain, tone: string, outcome: string): Child {
  return [
    h('p', { class: `sum t-${tone}` }, h('b', {}, subject), role !== '' && `, ${role}`, outcome !== '' && `: ${outcome}`),
    witnesses.length > 0 && h('p', { class: 'witnesses' }, witnesses.join(' · ')),
  ]
}

function card({ title, at, word, fields, broken }: Link): HTMLElement {
  return h(
    'li',
    { class: broken.length > 0 ? 'broken' : '' },
    h('h3', {}, title),
    (at !== undefined || word !== undefined) &&
      h(
        'p',
        { class: 'at' },
        at !== undefined && h('span', {}, `at ${at}`),
        word !== undefined && h('code', {}, word.replace(/^0x/, '')),
      ),
    fields.length > 0 &&
      h(
        'dl',
        {},
        fields.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
      ),
    broken.map((says) => h('p', { class: 'breaks' }, h('span', { 'aria-hidden': 'true' }, '✕ '), says)),
  )
}

function commands({ commands: all, deviceId }: Chain, doings: Doings): Child {
  const heading = h('h3', { class: 'cmdh' }, `In the command queue of ${hex(deviceId)}`)
  if (all.length === 0) return [heading, h('p', { class: 'none' }, 'No command names it.')]
  const item = ({ after, says, at, isUnmapping }: (typeof all)[number]) =>
    h(
      'li',
      { class: isUnmapping ? 'unmap' : '' },
      h(
        'button',
        { type: 'button', title: `at ${at}: show the guest after this command`, onclick: () => doings.go({ moment: after }) },
        h('span', {}, `#${after}`),
        says,
      ),
    )
  return [heading, h('ol', { class: 'cmds' }, all.map(item))]
}
