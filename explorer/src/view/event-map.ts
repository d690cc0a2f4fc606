import { cellAt, fates, type Row } from '../scene/index.ts'
import { h, many } from './dom.ts'
import type { Doings } from './header.ts'
import type { State } from './state.ts'
import { colours } from './strip.ts'

const WIDTH = 256

/** Every event of one device as a square of pixels, and a field for those who know the number. */
export function eventMap({ shown, place }: State, row: Row, doings: Doings): HTMLElement {
  const { events } = shown!
  const scale = row.count > 4096 ? 1 : row.count > 1024 ? 4 : 8
  const across = WIDTH / scale
  const down = Math.ceil(row.count / across)
  const canvas = h('canvas', {
    class: 'events',
    width: WIDTH,
    height: down * scale,
    role: 'img',
    'aria-label': `${many(row.count)} events of the device`,
  })
  const context = canvas.getContext('2d')!
  const image = context.createImageData(WIDTH, down * scale)
  const paint = colours()
  for (let i = 0; i < row.count; i++) {
    const [r, g, b] = paint[events.fate[row.first + i]!]!
    const [x, y] = [(i % across) * scale, Math.floor(i / across) * scale]
    const size = scale > 1 ? scale - 1 : 1
    for (let dy = 0; dy < size; dy++)
      for (let dx = 0; dx < size; dx++) image.data.set([r, g, b, 255], ((y + dy) * WIDTH + x + dx) * 4)
  }
  context.putImageData(image, 0, 0)
  const at = ({ clientX, clientY }: MouseEvent) => {
    const box = canvas.getBoundingClientRect()
    const x = Math.floor((((clientX - box.left) / box.width) * WIDTH) / scale)
    const y = Math.floor((((clientY - box.top) / box.height) * canvas.height) / scale)
    return Math.min(row.count - 1, y * across + x)
  }
  const choose = (i: number) => doings.select(row.deviceId, cellAt(events, row.first + i).eventId)
  canvas.addEventListener('click', (event) => choose(at(event)))
  canvas.addEventListener('pointermove', (event) => {
    const { eventId, lpi, fate } = cellAt(events, row.first + at(event))
    canvas.title = `event ${eventId}, LPI ${lpi}: ${fates[fate].word}`
  })
  const number = h('input', {
    type: 'number',
    min: 0,
    value: place.event ?? '',
    onchange: (event: Event) => doings.select(row.deviceId, Number((event.target as HTMLInputElement).value)),
  })
  return h('div', { class: 'eventmap' }, canvas, h('label', {}, `${many(row.count)} events. Event `, number))
}
