import { type EventColumns, type Fate, fateNames } from '../scene/index.ts'

/** From the worst to the best: where one pixel stands for several, the worst shows. */
const worstFirst: readonly Fate[] = [
  'stop',
  'lost',
  'absent',
  'altered',
  'revived',
  'dropped',
  'unread',
  'stale',
  'unsure',
  'cleared',
  'back',
]
const rank = Uint8Array.from(fateNames, (fate) => worstFirst.indexOf(fate))

const variables: Readonly<Record<Fate, string>> = {
  stop: '--bad',
  lost: '--bad',
  absent: '--bad',
  altered: '--bad',
  revived: '--warn',
  dropped: '--live',
  unread: '--faint',
  stale: '--stale',
  unsure: '--faint',
  cleared: '--line',
  back: '--live',
}

/** Red, green, blue of each fate in the scheme that is on. */
export function colours(): readonly (readonly [number, number, number])[] {
  const style = getComputedStyle(document.documentElement)
  return fateNames.map((fate) => rgb(style.getPropertyValue(variables[fate]).trim()))
}

function rgb(colour: string): [number, number, number] {
  const digits = /^#([0-9a-f]{6})$/i.exec(colour)?.[1] ?? '808080'
  return [0, 2, 4].map((at) => Number.parseInt(digits.slice(at, at + 2), 16)) as [number, number, number]
}

/** The worse of two fates, by their places. */
export const worse = (a: number, b: number): number => (rank[a]! <= rank[b]! ? a : b)

/** Draws events as one strip of pixels. */
export function drawStrip(canvas: HTMLCanvasElement, { fate }: EventColumns, first: number, count: number): void {
  const context = canvas.getContext('2d')!
  const { width, height } = canvas
  const image = context.createImageData(width, height)
  const paint = colours()
  for (let x = 0; x < width; x++) {
    const from = first + Math.floor((x * count) / width)
    const to = Math.max(from + 1, first + Math.floor(((x + 1) * count) / width))
    let worst = fate[from]!
    for (let i = from + 1; i < to; i++) worst = worse(worst, fate[i]!)
    fillColumn(image, x, paint[worst]!)
  }
  context.putImageData(image, 0, 0)
}

function fillColumn({ data, width, height }: ImageData, x: number, [r, g, b]: readonly [number, number, number]): void {
  for (let y = 0; y < height; y++) data.set([r, g, b, 255], (y * width + x) * 4)
}
