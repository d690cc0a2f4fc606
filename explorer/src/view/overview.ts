import type { EventColumns, Row } from '../scene/index.ts'
import { fateNames } from '../scene/index.ts'
import { h, many } from './dom.ts'
import type { Line } from './line.ts'
import { colours, worse } from './strip.ts'

/** Devices from which on there is an overview. */
const FEWEST = 200
const HEIGHT = 560
const WIDTH = 14

/** The whole table at a glance: one line of pixels for some devices, of which the worst shows. A click goes there. */
export class Overview {
  readonly element = h('canvas', { class: 'over', width: WIDTH, height: HEIGHT, hidden: true, 'aria-hidden': 'true' })
  #lines = 0

  constructor(go: (line: number) => void) {
    const point = ({ clientY }: MouseEvent) => {
      const { top, height } = this.element.getBoundingClientRect()
      go(((clientY - top) / height) * this.#lines)
    }
    this.element.addEventListener('pointerdown', point)
    this.element.addEventListener('pointermove', (event) => {
      if (event.buttons === 1) point(event)
    })
  }

  draw(lines: readonly Line[], events: EventColumns, rows: number): void {
    this.#lines = lines.length
    this.element.hidden = rows < FEWEST
    if (this.element.hidden) return
    this.element.title = `overview of ${many(rows)} devices`
    const context = this.element.getContext('2d')!
    const image = context.createImageData(WIDTH, HEIGHT)
    const paint = colours()
    const shown = new Int16Array(HEIGHT).fill(-1)
    for (const [i, line] of lines.entries()) {
      if (!('row' in line)) continue
      const y = Math.min(HEIGHT - 1, Math.floor((i / lines.length) * HEIGHT))
      const fate = worstOf(line.row, events)
      shown[y] = shown[y]! < 0 ? fate : worse(shown[y]!, fate)
    }
    for (let y = 0; y < HEIGHT; y++) {
      if (shown[y]! < 0) continue
      const [r, g, b] = paint[shown[y]!]!
      for (let x = 0; x < WIDTH; x++) image.data.set([r, g, b, 255], (y * WIDTH + x) * 4)
    }
    context.putImageData(image, 0, 0)
  }
}

/** Events of one row that are looked at. */
const MOST = 64

function worstOf({ first, count, path, belief }: Row, { fate }: EventColumns): number {
  let worst = fateNames.indexOf(path === 'stop' ? 'stop' : belief === 'dead' ? 'stale' : 'back')
  for (let i = first; i < first + Math.min(count, MOST); i++) worst = worse(worst, fate[i]!)
  return worst
}
