// How fast is RAM found to be zero, in each way an engine offers? 512 MiB of zeros in pieces of 512 bytes to 64 KiB, one call for each; the
// ways take turns. Usage: npm run bench -- zero-runs [--rounds N] [--chromium]: in this Node, or in chromium.
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'

const PIECES = [512, 1024, 4096, 65536]

type Row = readonly [way: string, ...cells: string[]]

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '9' }, chromium: { type: 'boolean', default: false } },
})
const rounds = Number(values.rounds)
const rows = values.chromium ? await inChromium() : measure(PIECES, rounds)
console.log(`${values.chromium ? 'chromium' : `Node ${process.version.slice(1)}`}; ms: median (fastest)\n`)
console.log(`| way | ${PIECES.map((piece) => `${piece} bytes`).join(' | ')} |\n| --- |${' ---: |'.repeat(PIECES.length)}`)
for (const row of rows) console.log(`| ${row.join(' | ')} |`)

async function inChromium(): Promise<readonly Row[]> {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  try {
    const page = await browser.newPage()
    // What the compiler of this file puts around functions to keep their names is not in the page.
    return await page.evaluate(`globalThis.__name = (f) => f; (${measure})([${PIECES}], ${rounds})`)
  } finally {
    await browser.close()
  }
}

/** Asks nothing of what is around it: a page runs it too. */
function measure(pieces: readonly number[], runs: number): Row[] {
  type Way = (from: number, end: number) => number
  type Instance = { readonly exports: Readonly<Record<string, unknown>> }
  interface Engine {
    readonly Memory: new (shape: { readonly initial: number }) => { readonly buffer: ArrayBuffer }
    readonly Module: new (bytes: Uint8Array) => object
    readonly Instance: new (module: object, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>) => Instance
  }
  const wasm = Reflect.get(globalThis, 'WebAssembly') as Engine
  const memory = new wasm.Memory({ initial: 8192 })
  const buffer = new ArrayBuffer(memory.buffer.byteLength)
  const doubles = new Float64Array(buffer)
  const ints = new Int32Array(buffer)
  const bigs = new BigUint64Array(buffer)
  // Every page is there.
  for (const all of [ints, new Int32Array(memory.buffer)]) all.fill(1).fill(0)

  /** A loop over `step` elements at a time, written out: where it stops. */
  const loop = (array: unknown, step: number, test: (element: (n: number) => string) => string, index = 'at'): Way => {
    const stop = test((n) => `array[i + ${n}]`)
    const body = `let at = start; for (const last = end - ${step - 1}; at < last; at += ${step}) { const i = ${index}; if (${stop}) break } return at`
    const scan = new Function('array', 'start', 'end', body)
    return (from, end) => scan(array, from, end)
  }
  const each = (count: number, one: (n: number) => string, between: string) =>
    Array.from({ length: count }, (_, n) => one(n)).join(between)
  const compared = (at: (n: number) => string) => each(16, (n) => `${at(n)} !== 0`, ' || ')
  const halves =
    (scan: Way): Way =>
    (from, end) =>
      scan(2 * from, 2 * end) / 2
  const ways: Record<string, Way> = {
    'doubles compared, 16': loop(doubles, 16, compared),
    'the same, index masked': loop(doubles, 16, compared, 'at & 0x3fffffff'),
    'Int32 ORed, 16': halves(loop(ints, 16, (at) => `(${each(16, at, ' | ')}) !== 0`)),
    'Int32 compared, 16, index masked': halves(loop(ints, 16, compared, 'at & 0x7ffffff0')),
    'BigUint64 ORed, 8': loop(bigs, 8, (at) => `(${each(8, at, ' | ')}) !== 0n`),
    'WASM v128, 4': simd(),
  }
  if (typeof Buffer !== 'undefined') {
    const all = Buffer.from(buffer)
    const zeros = Buffer.alloc(65536)
    ways['Buffer.compare'] = (from, end) => (all.compare(zeros, 0, (end - from) * 8, from * 8, end * 8) === 0 ? end : from)
  }

  for (const [name, way] of Object.entries(ways)) {
    const plant = (word: number) => {
      for (const all of [buffer, memory.buffer]) new Int32Array(all)[2001] = word
    }
    plant(4)
    const found = way(0, 8192)
    plant(0)
    if (found > 1000 || way(0, 8192) !== 8192) throw new Error(`${name} is wrong: ${found}`)
  }
  const times = Object.entries(ways).map(([name, way]) => ({ name, way, cells: pieces.map((): number[] => []) }))
  for (const [column, piece] of pieces.entries()) {
    for (let run = 0; run < runs; run++) for (const { way, cells } of times) cells[column]!.push(scan(way, piece / 8))
  }
  return times.map(({ name, cells }): Row => [name, ...cells.map(both)])

  function scan(way: Way, words: number): number {
    const begun = performance.now()
    for (let at = 0; at < doubles.length; at += words)
      if (way(at, at + words) !== at + words) throw new Error('a word is not zero')
    return performance.now() - begun
  }

  /** Median and fastest of the later two thirds. */
  function both(all: readonly number[]): string {
    const sorted = all.slice(Math.floor(all.length / 3)).sort((a, b) => a - b)
    return `${sorted[sorted.length >> 1]!.toFixed(0)} (${sorted[0]!.toFixed(0)})`
  }

  /** (func (param at end) (result at)): 64 bytes further while any_true(or of four v128 loads) is 0. */
  function simd(): Way {
    const load = (offset: number) => [0x20, 0, 0xfd, 0, 4, offset]
    const [or, anyTrue, leave] = [
      [0xfd, 0x50],
      [0xfd, 0x53],
      [0x0d, 1],
    ]
    const four = [...load(0), ...load(16), ...or!, ...load(32), ...load(48), ...or!, ...or!]
    const further = [0x20, 0, 0x41, 0xc0, 0, 0x6a, 0x21, 0, 0x0c, 0]
    const atEnd = [0x20, 0, 0x20, 1, 0x4f]
    const body = [
      0,
      0x02,
      0x40,
      0x03,
      0x40,
      ...atEnd,
      ...leave!,
      ...four,
      ...anyTrue!,
      ...leave!,
      ...further,
      0x0b,
      0x0b,
      0x20,
      0,
      0x0b,
    ]
    const text = (word: string) => [word.length, ...Array.from(word, (letter) => letter.charCodeAt(0))]
    const section = (id: number, content: readonly number[]) => [id, content.length, ...content]
    const module = [
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, [1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f]),
      ...section(2, [1, ...text('m'), ...text('memory'), 2, 0, 1]),
      ...section(3, [1, 0]),
      ...section(7, [1, ...text('scan'), 0, 0]),
      ...section(10, [1, body.length, ...body]),
    ]
    const { exports } = new wasm.Instance(new wasm.Module(new Uint8Array(module)), { m: { memory } })
    const scanBytes = exports['scan'] as Way
    return (from, end) => scanBytes(from * 8, end * 8) / 8
  }
}
