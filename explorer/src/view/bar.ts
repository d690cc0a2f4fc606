import { kernelNames } from '../scene/index.ts'
import { type Child, h, shortName } from './dom.ts'
import type { Doings } from './header.ts'
import type { State } from './state.ts'

/** As saved or after the repair, by which kernel, of which ITS. */
export function bar(state: State, doings: Doings): HTMLElement {
  return h('div', { class: 'bar' }, states(state, doings), itses(state, doings), kernels(state, doings))
}

function states({ place, known }: State, doings: Doings): HTMLElement {
  const { plan } = known[place.vm]!
  const choice = (vm: number, isAfter: boolean, ...words: Child[]) =>
    h(
      'button',
      {
        type: 'button',
        'aria-pressed': String(place.vm === vm && place.isAfter === isAfter),
        disabled: isAfter && plan === undefined,
        onclick: () => doings.go({ vm, isAfter, moment: undefined }),
      },
      ...words,
    )
  const saved = known.map(({ opened }, vm) => choice(vm, false, known.length === 1 ? 'As saved' : shortName(opened.file.name)))
  return h(
    'div',
    { class: 'seg', role: 'group', 'aria-label': 'the state of the tables' },
    saved,
    choice(place.vm, true, 'After repair', h('small', {}, planWords(plan))),
  )
}

function planWords(plan: State['known'][number]['plan']): string {
  if (plan === undefined) return ' …'
  const changes = plan.words + plan.registers
  if (changes === 0) return unchangedWords[plan.unchanged]
  return plan.obstacles.length > 0 ? ' refused' : ` ${changes} ${changes === 1 ? 'word' : 'words'}`
}

const unchangedWords = { well: ' nothing to do', unknown: ' nothing proven', unmended: ' nothing mends it' } as const

function itses({ place, shown }: State, doings: Doings): Child {
  const all = shown?.facts?.itses ?? []
  if (all.length < 2) return undefined
  const one = ({ index, base, verdict }: (typeof all)[number]) =>
    h(
      'button',
      {
        type: 'button',
        class: verdict,
        'aria-pressed': String(place.its === index),
        onclick: () => doings.go({ its: index, device: undefined, event: undefined, moment: undefined }),
      },
      `ITS ${index}`,
      h('small', {}, ` ${base} ${verdict}`),
    )
  return h('div', { class: 'seg', role: 'group', 'aria-label': 'the ITS' }, all.map(one))
}

function kernels({ place, known }: State, doings: Doings): HTMLElement {
  const { chips, plan } = known[place.vm]!
  const shown = place.isAfter ? plan?.chips : chips
  const chip = ({ kernels: ids, name, verdict, says, beside }: NonNullable<typeof shown>[number]) =>
    h(
      'button',
      {
        type: 'button',
        class: `k ${verdict}`,
        'aria-pressed': String(ids.includes(place.kernel)),
        title: beside.join('\n') || undefined,
        onclick: () => doings.go({ kernel: ids.includes(place.kernel) ? place.kernel : ids.at(-1)! }),
      },
      name,
      h('small', {}, says, beside.length > 0 && ' *'),
    )
  const pick = h(
    'select',
    {
      'aria-label': 'the kernel that restores',
      onchange: (event: Event) => doings.go({ kernel: (event.target as HTMLSelectElement).value as typeof place.kernel }),
    },
    kernelNames.map(({ id, title }) => h('option', { value: id, selected: id === place.kernel }, title)),
  )
  return h(
    'div',
    { class: 'kernels', role: 'group', 'aria-label': 'what each kernel makes of it' },
    h('span', { class: 'by' }, 'restored by', pick),
    shown === undefined ? h('span', { class: 'wait' }, 'asking the other kernels …') : shown.map(chip),
  )
}
