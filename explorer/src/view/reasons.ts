import type { Reason } from '../scene/index.ts'
import { type Child, h, hex, many } from './dom.ts'
import type { Doings } from './header.ts'
import type { State } from './state.ts'

/** Places of one reason that are buttons. */
const MOST_CHIPS = 24

/** What is wrong, in the order in which it bites; after a repair, what was written. */
export function reasonsPanel(state: State, doings: Doings): HTMLElement {
  const { reasons, facts } = state.shown!
  const own = state.place.isAfter ? writesList(state) : undefined
  return h(
    'section',
    { class: 'reasons', 'aria-labelledby': 'why' },
    h('h2', { id: 'why' }, state.place.isAfter ? 'What is left' : 'Why'),
    reasons.length === 0
      ? h('p', { class: 'none' }, facts === undefined ? '…' : 'Nothing to complain of.')
      : h(
          'ol',
          {},
          reasons.map((reason, i) => [item(reason, i, state, doings), i === 0 && trapNote(state)]),
        ),
    own,
    changesList(state, doings),
  )
}

function item(reason: Reason, i: number, state: State, doings: Doings): HTMLElement {
  const { severity, effect, says, code, slug, count, confidence, places, evidence, fixes, isSafe, explains, its } = reason
  const [first] = places
  const go = (place: (typeof places)[number] | undefined) => {
    if (its !== state.place.its) doings.go({ its })
    if (place !== undefined) doings.select(place.deviceId, place.eventId, true)
  }
  const title = [h('span', { class: 'effect' }, effect), h('strong', {}, says)]
  return h(
    'li',
    { class: severity, 'data-reason': i },
    first === undefined
      ? h('div', { class: 'f' }, title)
      : h('button', { class: 'f', type: 'button', onclick: () => go(first) }, title),
    h('p', { class: 'code' }, `${code} ${slug}${count > 1 ? ` ×${many(count)}` : ''} · ${confidence}`),
    places.length > 1 &&
      h(
        'p',
        { class: 'chips' },
        uniqueDevices(places).map((place) =>
          h('button', { class: 'chip', type: 'button', onclick: () => go(place) }, hex(place.deviceId)),
        ),
      ),
    severity !== 'note' &&
      h(
        'details',
        { open: i === 0 },
        h('summary', {}, 'how it is known, what mends it'),
        evidence.length > 0 &&
          h(
            'ul',
            { class: 'proof' },
            evidence.map((line) => h('li', {}, line)),
          ),
        fixes.length > 0 &&
          h('p', { class: 'fix' }, h('b', {}, 'Fix '), fixWords(fixes), isSafe && '. Nothing the guest uses is lost.'),
        h('p', { class: 'explains' }, explains),
      ),
  )
}

function uniqueDevices(places: Reason['places']): Reason['places'] {
  return [...new Map(places.map((place) => [place.deviceId, place])).values()].slice(0, MOST_CHIPS)
}

/** Fixes of one reason that are read out. */
const MOST_FIXES = 3

function fixWords(fixes: Reason['fixes']): string {
  const more = fixes.length > MOST_FIXES ? `; and ${fixes.length - MOST_FIXES} more` : ''
  return `${fixes.slice(0, MOST_FIXES).join('; ')}${more}`
}

/** What clearing only the entry that KVM complains of would do, measured. */
function trapNote({ shown }: State): Child {
  const trap = shown?.trap
  if (trap === undefined) return undefined
  const only = ['Clearing only the entry that KVM names ', h('code', {}, trap.at)]
  if (trap.fails !== '')
    return h(
      'li',
      { class: 'trap' },
      h('b', {}, 'Mind the trap. '),
      only,
      ' lets the restore go on to the next failure: ',
      h('b', {}, trap.fails),
      '.',
    )
  const loses = `${many(trap.lost)} ${trap.lost === 1 ? 'event' : 'events'} of ${many(trap.lostDevices)} ${trap.lostDevices === 1 ? 'device' : 'devices'}`
  const also =
    trap.revived > 0 ? `, and would bring back ${many(trap.revived)} dead ${trap.revived === 1 ? 'event' : 'events'}` : ''
  const harm =
    trap.lost > 0
      ? [' would let the restore succeed and lose ', h('b', {}, loses), ` without a word${also}.`]
      : [' would let the restore succeed', also.replace(', and', ' and'), ', without a word.']
  return h('li', { class: 'trap' }, h('b', {}, 'Mind the trap. '), only, harm)
}

function writesList({ known, place }: State): Child {
  const { plan } = known[place.vm]!
  if (plan === undefined) return undefined
  const { writes, obstacles, words, registers, lost, unwritten, command } = plan
  return [
    h('h2', {}, 'What the repair changes'),
    obstacles.length > 0 &&
      words + registers > 0 &&
      h(
        'p',
        { class: 'trap' },
        h('b', {}, 'The result is not proven good and is not written. '),
        obstacles.slice(0, 3).join(' '),
      ),
    lost > 0 &&
      h('p', { class: 'trap' }, `${many(lost)} events that the guest has mapped cannot be saved: it must set them up again.`),
    words + registers === 0 && h('p', { class: 'none' }, 'Nothing.'),
    unwritten !== '' && h('p', { class: 'none unwritten' }, unwritten),
    h(
      'ol',
      { class: 'writes' },
      writes.map(({ at, id, from, to, code, why }) =>
        h(
          'li',
          {},
          h('b', {}, id),
          ` · ${code} `,
          h('span', {}, 'at ', h('code', {}, at)),
          h('code', { class: 'word' }, h('s', {}, from), ` → ${to}`),
          h('p', {}, why),
        ),
      ),
    ),
    words > writes.length && h('p', { class: 'none' }, `and ${many(words - writes.length)} more words`),
    command !== '' &&
      h('p', { class: 'command' }, 'Nothing is written yet. This writes a repaired copy: ', h('code', {}, command)),
  ]
}

/** Changes of one viewpoint that are listed. */
const MOST_CHANGES = 60

/** What a second save has that the first has not. */
function changesList({ changes }: State, doings: Doings): Child {
  if (changes === undefined) return undefined
  const whole = new Set(
    changes.views.guest.flatMap(({ what, deviceId, eventId }) =>
      eventId === undefined && (what === 'mapped' || what === 'unmapped') ? deviceId : [],
    ),
  )
  // The events of a device that came or went go with it.
  const guest = changes.views.guest.filter(({ deviceId, eventId }) => eventId === undefined || !whole.has(deviceId))
  const line = ({ what, deviceId, eventId, icid, from, to }: (typeof guest)[number]) => {
    const name =
      deviceId === undefined ? `collection ${icid}` : `${hex(deviceId)}${eventId === undefined ? '' : ` event ${eventId}`}`
    const words = [from, to].filter((part) => part !== undefined).join(' → ')
    const go = () => doings.select(deviceId, eventId, true)
    return h(
      'li',
      { class: what },
      deviceId === undefined ? name : h('button', { class: 'chip', type: 'button', onclick: go }, name),
      ` ${what} `,
      h('small', {}, words),
    )
  }
  return [
    h('h2', {}, 'What the guest did between the two saves'),
    guest.length === 0 && h('p', { class: 'none' }, 'Nothing that the tables tell.'),
    h('ol', { class: 'changes' }, guest.slice(0, MOST_CHANGES).map(line)),
    guest.length > MOST_CHANGES && h('p', { class: 'none' }, `and ${many(guest.length - MOST_CHANGES)} more`),
    changes.orphaned.length > 0 &&
      h(
        'p',
        { class: 'trap' },
        h('b', {}, 'Became orphans: '),
        changes.orphaned
          .slice(0, MOST_CHIPS)
          .map((id) => [
            h('button', { class: 'chip', type: 'button', onclick: () => doings.select(id, undefined, true) }, hex(id)),
            ' ',
          ]),
      ),
  ]
}
