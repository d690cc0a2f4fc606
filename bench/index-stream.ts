// How fast is a QEMU stream indexed, and what does the index take? Writes streams, reads each once through fs.read in 4 MiB pieces, and indexes
// it, from page cache; and fills the index of 64 GiB of RAM. Usage: npm run bench -- index-stream [--gib N] [--rounds N]
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { openSavedMachine } from '@vits/core/formats'
import { fileSource } from '../cli/src/node/file-source.ts'
import { PageIndex } from '../core/src/formats/qemu/page-index.ts'
import { ramEnd, writeStream } from '../core/src/formats/testing/stream-writer.ts'
import { kindOf, lengthOf, type Mix, mixes } from './testing/page-mixes.ts'

const PIECE = 4 << 20
const GIB = 2 ** 30
const PAGE = 4096
const INDEXED_GIB = 64
const BLOCK = 'mach-virt.ram'

const { values } = parseArgs({ options: { gib: { type: 'string', default: '2' }, rounds: { type: 'string', default: '5' } } })
const rounds = Number(values.rounds)
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const folder = await mkdtemp(join(tmpdir(), 'vits-bench-'))

console.log(
  `| ${values.gib} GiB of RAM | file, GiB | read, GiB/s | index, GiB/s | index / read | index of ${INDEXED_GIB} GiB, MiB |`,
)
console.log('| --- | ---: | ---: | ---: | ---: | ---: |')
try {
  // Before any stream is read: what reading leaves behind goes when it likes.
  const mebibytes = Object.values(mixes).map(mebibytesOfIndex)
  for (const [i, [name, mix]] of Object.entries(mixes).entries()) await row(name, mix, mebibytes[i]!)
} finally {
  await rm(folder, { recursive: true })
}
console.log(`\nmost memory of the process: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`)

async function row(name: string, mix: Mix, mebibytes: number): Promise<void> {
  const path = join(folder, 'stream')
  await writeStreamOf(path, mix, (Number(values.gib) * GIB) / PAGE)
  {
    await using file = await open(path)
    const { size } = await file.stat()
    const rates: Record<'read' | 'index', number[]> = { read: [], index: [] }
    for (let round = 0; round <= rounds; round++) {
      const read = await rate(size, () => readThrough(file, size))
      const index = await rate(size, () => indexOnce(file))
      // The first round brings the file into the page cache and the code to speed.
      if (round > 0) {
        rates.read.push(read)
        rates.index.push(index)
      }
    }
    const [read, index] = [median(rates.read), median(rates.index)]
    const cells = [size / GIB, read, index, index / read].map((number) => number.toFixed(2))
    console.log(`| ${[name, ...cells, mebibytes.toFixed(1)].join(' | ')} |`)
  }
  await rm(path)
}

async function writeStreamOf(path: string, mix: Mix, pages: number): Promise<void> {
  const blocks = [{ name: BLOCK, bytes: pages * PAGE }]
  const skeleton = writeStream({ blocks, sections: [[{ block: BLOCK, page: 0, fill: 0 }]] })
  const end = ramEnd(skeleton)
  await using file = await open(path, 'wx')
  await file.write(skeleton, 0, end)
  const piece = Buffer.alloc(PIECE + PAGE + 8, 0x5a)
  let at = 0
  for (const [page, isZeros] of mix(pages)) {
    piece.writeBigUInt64BE(BigInt(page * PAGE) | (isZeros ? 0x22n : 0x28n), at)
    piece[at + 8] = isZeros ? 0 : 0x5a
    at += lengthOf(isZeros)
    if (at < PIECE) continue
    await file.write(piece, 0, at)
    piece.fill(0x5a)
    at = 0
  }
  await file.write(piece, 0, at)
  await file.write(skeleton, end)
}

async function readThrough(file: FileHandle, bytes: number): Promise<void> {
  const piece = Buffer.alloc(PIECE)
  for (let at = 0; at < bytes; ) at += (await file.read(piece, 0, PIECE, at)).bytesRead
}

async function indexOnce(file: FileHandle): Promise<void> {
  const machine = await openSavedMachine(await fileSource(file))
  const [{ base, bytes }] = machine.ranges as readonly [(typeof machine.ranges)[number]]
  const last = { base: (base + bytes - PAGE) as typeof base, bytes: PAGE }
  if (machine.missingPages([last]).length > 0) throw new Error('the index misses a page')
}

/** What the index of so much RAM takes of memory, the garbage of filling it collected. */
function mebibytesOfIndex(mix: Mix): number {
  const before = memoryNow()
  const index = new PageIndex({ bytes: GIB })
  let offset = 1000
  for (const [page, isZeros] of mix((INDEXED_GIB * GIB) / PAGE)) {
    index.set(page, offset, kindOf(isZeros), false)
    offset += lengthOf(isZeros)
  }
  const taken = memoryNow() - before
  if (index.kind(0) === 0) throw new Error('the index misses a page')
  return taken / 2 ** 20
}

function memoryNow(): number {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

async function rate(bytes: number, body: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await body()
  return bytes / GIB / ((performance.now() - start) / 1000)
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!
}
