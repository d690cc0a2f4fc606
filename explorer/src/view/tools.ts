import { h } from './dom.ts'

/** What the buttons beside the verdict do. */
export interface Tools {
  find(words: string): boolean
  text(): void
  table(): void
  help(): void
  saveCase(): void
  saveRepaired: (() => void) | undefined
}

/** Find, the report as text, the devices as a table, and what can be saved. */
export function toolbar({ find, text, table, help, saveCase, saveRepaired }: Tools): HTMLElement {
  const field = h('input', {
    type: 'search',
    id: 'find',
    placeholder: 'find disk, 52:00.0, LPI',
    'aria-label': 'find a device by DeviceID, PCI address, name, LPI or address',
    autocomplete: 'off',
  })
  const form = h('form', { role: 'search' }, field)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    field.classList.toggle('unfound', !find(field.value))
  })
  field.addEventListener('input', () => field.classList.remove('unfound'))
  const tool = (words: string, onclick: () => void, title: string) =>
    h('button', { type: 'button', class: 'tool', onclick, title }, words)
  return h(
    'div',
    { class: 'tools' },
    form,
    tool('Text', text, 'what vits check prints'),
    tool('Table', table, 'the devices as a plain table'),
    tool('Save case', saveCase, 'what decides about the interrupts, as a small file'),
    saveRepaired !== undefined && tool('Save repaired', saveRepaired, 'the repaired file, as vits repair -o writes it'),
    tool('?', help, 'keys'),
  )
}
