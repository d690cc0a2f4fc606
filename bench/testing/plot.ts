// Small multiples of lines over two logarithmic axes, as an SVG whose colours follow the reader's.

export interface Line {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
  /** Drawn with dashes and without its name. */
  readonly isVariant: boolean
}

export interface Panel {
  readonly title: string
  /** What is along each axis. */
  readonly axes: readonly [x: string, y: string]
  readonly lines: readonly Line[]
}

const COLUMNS = 2
const [WIDTH, HEIGHT] = [530, 330]
/** Of the axes within a panel. */
const [LEFT, RIGHT, TOP, BOTTOM] = [58, 412, 34, 276]
/** Names of lines keep so far apart. */
const LABEL = 13

/** Told apart by their lightness too, and seen on white and on black. */
const colours = [
  ['#0b62c4', '#6cb2ff'],
  ['#b35900', '#ffad4d'],
  ['#1a7f37', '#5fd07a'],
  ['#8a3ffc', '#c9a2ff'],
  ['#c2185b', '#ff8ab8'],
  ['#57606a', '#b1bac4'],
] as const

/** `names`: of all lines, in the order of their colours; the legend is a panel of its own. */
export function plot(panels: readonly Panel[], names: readonly string[], legend: readonly string[]): string {
  const rows = Math.ceil((panels.length + 1) / COLUMNS)
  const [ySmallest, yLargest] = bounds(panels.flatMap(({ lines }) => lines.flatMap(({ points }) => points.map(([, y]) => y))))
  const y = scale(10 ** Math.floor(Math.log10(ySmallest)), 10 ** Math.ceil(Math.log10(yLargest)), BOTTOM, TOP)
  const places = panels.map((panel, n) => at(n, drawPanel(panel, names, y)))
  const words = legend.map((line, n) => text(LEFT, TOP + 20 + n * 20, line))
  const [width, height] = [COLUMNS * WIDTH, rows * HEIGHT]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<style>${style()}</style>
${[...places, at(panels.length, words.join('\n'))].join('\n')}
</svg>
`
}

interface Scale {
  readonly from: number
  readonly to: number
  readonly of: (value: number) => number
}

function scale(from: number, to: number, start: number, end: number): Scale {
  const whole = Math.log(to / from)
  return { from, to, of: (value) => round(start + ((end - start) * Math.log(value / from)) / whole) }
}

function drawPanel({ title, axes, lines }: Panel, names: readonly string[], y: Scale): string {
  const [smallest, largest] = bounds(lines.flatMap(({ points }) => points.map(([size]) => size)))
  const x = scale(smallest, largest, LEFT, RIGHT)
  const steps = Math.log2(largest / smallest) > 8 ? 2 : 1
  const ticks: string[] = []
  for (let size = smallest; size <= largest; size *= 2 ** steps) {
    ticks.push(`<path class="grid" d="M${x.of(size)} ${TOP}V${BOTTOM}"/>`, power(x.of(size), BOTTOM + 18, Math.log2(size)))
  }
  for (let time = y.from; time <= y.to; time *= 10) {
    ticks.push(`<path class="grid" d="M${LEFT} ${y.of(time)}H${RIGHT}"/>`, text(LEFT - 8, y.of(time) + 4, timeName(time), 'end'))
  }
  const drawn = lines.map(({ name, points, isVariant }) => {
    const path = points.map(([size, time], n) => `${n === 0 ? 'M' : 'L'}${x.of(size)} ${y.of(time)}`).join('')
    return `<path class="line c${names.indexOf(name)}${isVariant ? ' variant' : ''}" d="${path}"/>`
  })
  const named = lines.filter(({ isVariant }) => !isVariant)
  const ends = spread(named.map(({ name, points }) => ({ name, x: x.of(points.at(-1)![0]) + 6, y: y.of(points.at(-1)![1]) + 4 })))
  const labels = ends.map((end) => text(end.x, end.y, end.name, 'start', `name n${names.indexOf(end.name)}`))
  const heads = [
    text(LEFT, TOP - 14, title, 'start', 'title'),
    text(RIGHT, BOTTOM + 38, axes[0], 'end'),
    text(LEFT, BOTTOM + 38, axes[1]),
  ]
  return [...ticks, ...drawn, ...labels, ...heads].join('\n')
}

interface End {
  readonly name: string
  readonly x: number
  readonly y: number
}

/** Names at the ends of lines, moved so that none covers another. */
function spread(ends: readonly End[]): readonly End[] {
  const sorted = [...ends].sort((a, b) => b.y - a.y)
  let above = Infinity
  return sorted.map((end) => {
    above = Math.min(end.y, above - LABEL)
    return { ...end, y: above }
  })
}

function style(): string {
  const shades = (n: 0 | 1) => colours.map((pair, c) => `.c${c}{stroke:${pair[n]}}.n${c}{fill:${pair[n]}}`).join('')
  const inks = (ink: string, grid: string) => `text{fill:${ink}}.grid{stroke:${grid}}`
  return [
    'text{font:12px system-ui,sans-serif}.title{font-size:14px;font-weight:600}.name{font-weight:600}',
    '.grid{stroke-width:1}.line{fill:none;stroke-width:2;stroke-linejoin:round}.variant{stroke-dasharray:5 4;stroke-width:1.5}',
    inks('#1f2328', '#d8dee4'),
    shades(0),
    `@media(prefers-color-scheme:dark){${inks('#d1d7e0', '#3d444d')}${shades(1)}}`,
  ].join('')
}

function at(n: number, content: string): string {
  return `<g transform="translate(${(n % COLUMNS) * WIDTH} ${Math.floor(n / COLUMNS) * HEIGHT})">\n${content}\n</g>`
}

function text(x: number, y: number, words: string, anchor = 'start', name = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${name === '' ? '' : ` class="${name}"`}>${words}</text>`
}

function power(x: number, y: number, exponent: number): string {
  return `<text x="${x}" y="${y}" text-anchor="middle">2<tspan dy="-4" font-size="9">${exponent}</tspan></text>`
}

/** Of nanoseconds, a power of ten. */
function timeName(ns: number): string {
  const [value, unit] = ns < 1e3 ? [ns, 'ns'] : ns < 1e6 ? [ns / 1e3, 'µs'] : [ns / 1e6, 'ms']
  return `${value} ${unit}`
}

const bounds = (values: readonly number[]): readonly [number, number] => [Math.min(...values), Math.max(...values)]

function round(value: number): number {
  return Math.round(value * 10) / 10
}
