import type { Row } from '../scene/index.ts'
import { type Child, h, hex, many } from './dom.ts'

/** Opens a dialog over the page; Escape closes it. */
export function openDialog(title: string, ...content: Child[]): HTMLDialogElement {
  const close = h('button', { type: 'button', class: 'tool', onclick: () => dialog.close() }, 'Close')
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'dialog-title' },
    h('header', {}, h('h2', { id: 'dialog-title' }, title), close),
    ...content,
  )
  dialog.addEventListener('close', () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
  return dialog
}

/** A text that can be copied. */
export function textDialog(title: string, text: string): void {
  const said = h('span', { role: 'status' })
  const area = h('pre', { tabindex: 0 }, text)
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      said.textContent = 'Copied.'
    } catch {
      getSelection()?.selectAllChildren(area)
      said.textContent = 'Selected: copy it with the keyboard.'
    }
  }
  openDialog(
    title,
    h('p', {}, h('button', { type: 'button', class: 'tool', onclick: () => void copy() }, 'Copy'), ' ', said),
    area,
  )
}

const keys = [
  ['↑ ↓ Home End', 'the device before or after, the first, the last'],
  ['← →', 'the event before or after'],
  ['n p', 'the next problem, the one before'],
  ['b', 'before and after the repair'],
  [', .', 'one command of the history back, or on'],
  ['/', 'find'],
  ['t', 'the report as text'],
  ['?', 'this'],
] as const

export function helpDialog(): void {
  const list = h(
    'dl',
    { class: 'keys' },
    keys.map(([key, does]) => h('div', {}, h('dt', {}, key), h('dd', {}, does))),
  )
  openDialog(
    'How to read and steer this page',
    h(
      'p',
      {},
      'One row for each device. Left what the guest did with it over time, in the middle what lies in RAM of it on the way of KVM’s scan, right what a restore makes of it. The line goes through what the scan visits and around what it jumps over; an octagon is where it stops; dotted is where it never comes.',
    ),
    list,
  )
}

/** Rows of the plain table that are there at once. */
const AT_ONCE = 100

/** The same rows as a table of words, for readers to whom a drawing says nothing. */
export function tableDialog(rows: readonly Row[]): void {
  const body = h('tbody')
  let shown = 0
  const more = h('button', { type: 'button', class: 'tool', onclick: () => add() }, 'Next devices')
  const add = () => {
    const next = rows.slice(shown, shown + AT_ONCE)
    shown += next.length
    body.replaceChildren(...next.map(tableRow))
    more.hidden = shown >= rows.length
  }
  add()
  const head = h(
    'thead',
    {},
    h(
      'tr',
      {},
      ['DeviceID', 'name', 'the guest', 'the scan', 'next', 'events', 'restored'].map((name) => h('th', { scope: 'col' }, name)),
    ),
  )
  openDialog(`${many(rows.length)} devices`, h('div', { class: 'scroll', tabindex: 0 }, h('table', {}, head, body)), more)
}

const beliefs = { live: 'has it mapped', dead: 'unmapped it', unknown: 'is not known' } as const
const paths = {
  visited: 'visits it',
  stop: 'stops here',
  jumped: 'jumps over it',
  unreached: 'never comes so far',
  absent: 'finds no entry',
} as const

const tableRow = ({ deviceId, label, belief, path, jump, count, outcome }: Row): HTMLElement =>
  h(
    'tr',
    {},
    h('th', { scope: 'row' }, hex(deviceId)),
    [label, beliefs[belief], paths[path], jump, many(count), outcome].map((words) => h('td', {}, words)),
  )
