import { closeSync, openSync, writeSync } from 'node:fs'

const PAGE = 4096
/** The flags of a record that continues the block before it: a page's contents follow, or the byte it is filled with. */
const [CONTENTS, FILL] = [0x28n, 0x22n]
const BLOCK = 'mach-virt.ram'
/** Pages that differ, over and over. */
const POOL = 1024

/**
 * Writes a QEMU stream with more RAM: behind that of the VM it is made of lie so many pages that the file has `bytes` bytes. One page in
 * eight is a record of zeros, half the words of the others are zero, and most of what is left are pointers of a kernel, as in RAM that is
 * used. The ITS, its tables and all devices stay as they are.
 */
export function writeGrownStream(path: string, stream: Uint8Array, bytes: number): void {
  const source = Buffer.from(stream)
  const name = source.indexOf(BLOCK)
  const size = name + BLOCK.length
  const total = source.indexOf(Buffer.from('\x03ram', 'latin1')) + 12
  const number = source.subarray(total - 16, total - 12)
  const setup = source.indexOf(Buffer.concat([Buffer.of(0x10, 0x7e), number]), size) + 6
  const had = source.readBigUInt64BE(size)
  const pages = Math.ceil((bytes - source.length) / ((7 / 8) * PAGE + 8)) & ~(POOL - 1)
  const added = BigInt(pages * PAGE)
  source.writeBigUInt64BE(had + added, size)
  source.writeBigUInt64BE(source.readBigUInt64BE(total) + added, total)
  const file = openSync(path, 'wx')
  writeSync(file, source.subarray(0, setup))
  // A section of RAM of its own. Its first record names the block, by a page that comes again further on.
  const first = Buffer.alloc(18 + BLOCK.length)
  first.writeUInt8(2)
  number.copy(first, 1)
  first.writeBigUInt64BE(0x02n, 5)
  first.writeUInt8(BLOCK.length, 13)
  first.write(BLOCK, 14)
  writeSync(file, first.subarray(0, 15 + BLOCK.length))
  const { records, places } = pool()
  for (let page = 0; page < pages; page += POOL) {
    for (const [i, { at, flags }] of places.entries()) {
      records.writeBigUInt64BE((had + BigInt((page + i) * PAGE)) | flags, at)
    }
    writeSync(file, records)
  }
  const end = Buffer.alloc(13)
  end.writeBigUInt64BE(0x10n)
  end.writeUInt8(0x7e, 8)
  number.copy(end, 9)
  writeSync(file, end)
  writeSync(file, source.subarray(setup))
  closeSync(file)
}

/** The records of pages, without their places in RAM. */
function pool(): { readonly records: Buffer; readonly places: readonly { readonly at: number; readonly flags: bigint }[] } {
  const records = Buffer.alloc(POOL * (8 + PAGE))
  const places = []
  let at = 0
  let word = 1
  for (let page = 0; page < POOL; page++) {
    const flags = page % 8 === 7 ? FILL : CONTENTS
    places.push({ at, flags })
    at += 8
    if (flags === FILL) at += 1
    else
      for (const end = at + PAGE; at < end; at += 8) {
        word = Math.imul(word ^ (word >>> 13), 0x5bd1_e995) + page
        if ((word & 1) === 0) continue
        records.writeInt32LE(word, at)
        records.writeInt32LE((word & 6) === 0 ? word : 0xffff_0000 | (word & 7), at + 4)
      }
  }
  return { records: records.subarray(0, at), places }
}
