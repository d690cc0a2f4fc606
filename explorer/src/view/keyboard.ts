import { cellAt } from '../scene/index.ts'
import type { State } from './state.ts'

/** What keys do. */
export interface Keys {
  select(device: number, event?: number): void
  problem(by: 1 | -1): void
  beforeAfter(): void
  step(by: 1 | -1): void
  find(): void
  text(): void
  help(): void
}

/** Has keys do it, wherever the focus is but in a field. */
export function keyboard(state: State, keys: Keys): void {
  addEventListener('keydown', (event) => {
    const target = event.target as HTMLElement
    const isOther = event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]') !== null
    if (isOther || target.matches('input, select, textarea')) return
    const isInGrid = target.id === 'grid' || target === document.body
    const done = isInGrid && moved(state, event.key, keys) ? true : pressed(event.key, keys)
    if (done) event.preventDefault()
  })
}

function pressed(key: string, keys: Keys): boolean {
  const does: Readonly<Record<string, () => void>> = {
    n: () => keys.problem(1),
    p: () => keys.problem(-1),
    b: keys.beforeAfter,
    ',': () => keys.step(-1),
    '.': () => keys.step(1),
    '/': keys.find,
    t: keys.text,
    '?': keys.help,
  }
  if (!Object.hasOwn(does, key)) return false
  does[key]!()
  return true
}

/** Goes to another row or event. */
function moved({ shown, place }: State, key: string, { select }: Keys): boolean {
  if (shown === undefined || shown.rows.length === 0) return false
  const { rows, events } = shown
  const now = rows.findIndex(({ deviceId }) => deviceId === place.device)
  const to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: rows.length - 1, PageDown: now + 15, PageUp: now - 15 }[key]
  if (to !== undefined) {
    select(rows[Math.max(0, Math.min(rows.length - 1, to))]!.deviceId)
    return true
  }
  const row = rows[now]
  if ((key !== 'ArrowLeft' && key !== 'ArrowRight') || row === undefined || row.count === 0) return false
  const at = events.eventId.subarray(row.first, row.first + row.count).indexOf(place.event ?? -1)
  const next = Math.max(0, Math.min(row.count - 1, at + (key === 'ArrowRight' ? 1 : -1)))
  select(row.deviceId, cellAt(events, row.first + next).eventId)
  return true
}
