// How fast is a QEMU stream indexed? Makes one, reads it once through fs.read in 4 MiB pieces, and indexes it, from page cache.
// Usage: tsx bench/index-stream.ts [--gib N]
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openSavedMachine } from '@vits/core/formats'
import { fileSource } from '../cli/src/node/file-source.ts'
import { ramEnd, writeStream } from '../core/src/formats/testing/stream-writer.ts'

const PIECE = 4 << 20
const GIB = 2 ** 30
const PAGE = 4096
const ROUNDS = 5

const { values } = parseArgs({ options: { gib: { type: 'string', default: '4' } } })
const folder = await mkdtemp(join(tmpdir(), 'vits-bench-'))
try {
  const path = join(folder, 'stream')
  await writeLargeStream(path, Number(values.gib) * GIB)
  await using file = await open(path)
  const { size } = await file.stat()
  const rates: Record<'read' | 'index', number[]> = { read: [], index: [] }
  for (let round = 0; round <= ROUNDS; round++) {
    const read = await rate(size, () => readThrough(file, size))
    const index = await rate(size, () => indexOnce(file))
    // The first round brings the file into the page cache and the code to speed.
    if (round > 0) {
      rates.read.push(read)
      rates.index.push(index)
    }
  }
  report(size, median(rates.read), median(rates.index))
} finally {
  await rm(folder, { recursive: true })
}

/** A stream whose RAM has one data page for every page, as a VM that uses all of it. */
async function writeLargeStream(path: string, bytes: number): Promise<void> {
  const name = 'mach-virt.ram'
  const skeleton = writeStream({ blocks: [{ name, bytes }], sections: [[{ block: name, page: 0, fill: 0 }]] })
  const end = ramEnd(skeleton)
  await using file = await open(path, 'wx')
  await file.write(skeleton, 0, end)
  const records = 1024
  const piece = Buffer.alloc(records * (8 + PAGE), 0x5a)
  for (let page = 0; page < bytes / PAGE; page += records) {
    for (let i = 0; i < records; i++) {
      piece.writeBigUInt64BE(BigInt((page + i) * PAGE) | 0x28n, i * (8 + PAGE))
    }
    await file.write(piece)
  }
  await file.write(skeleton, end)
}

async function readThrough(file: FileHandle, bytes: number): Promise<void> {
  const piece = Buffer.alloc(PIECE)
  for (let at = 0; at < bytes; ) at += (await file.read(piece, 0, PIECE, at)).bytesRead
}

async function indexOnce(file: FileHandle): Promise<void> {
  const machine = await openSavedMachine(await fileSource(file))
  if (machine.missingPages(machine.ranges).length > 0) throw new Error('the index misses pages')
}

async function rate(bytes: number, body: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await body()
  return bytes / GIB / ((performance.now() - start) / 1000)
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!
}

function report(bytes: number, read: number, index: number): void {
  const peak = process.resourceUsage().maxRSS / 1024
  const rows = [
    [`QEMU stream of ${(bytes / GIB).toFixed(2)} GiB in page cache, median of ${ROUNDS}`, ''],
    ['---', '---'],
    ['fs.read in 4 MiB pieces', `${read.toFixed(2)} GiB/s`],
    ['index every page', `${index.toFixed(2)} GiB/s`],
    ['index / read', (index / read).toFixed(2)],
    ['peak memory of the process', `${peak.toFixed(0)} MB`],
  ]
  for (const row of rows) console.log(`| ${row.join(' | ')} |`)
}
