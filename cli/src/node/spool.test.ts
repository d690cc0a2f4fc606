import { mkdtemp, readdir, readlink, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { spooled } from './spool.ts'
import { unfinished } from './unfinished.ts'

const MEBIBYTE = 2 ** 20

const usual = process.env['TMPDIR']
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vits-spool-'))
  process.env['TMPDIR'] = folder
})
afterAll(async () => {
  if (usual === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = usual
  await rm(folder, { recursive: true })
})

/** Bytes that tell where they lie. */
const contents = Uint8Array.from({ length: 3 * MEBIBYTE + 1000 }, (_, at) => (at * 2654435761) >>> 24)

async function* pieces(sizes: readonly number[], bytes = contents): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!
    yield bytes.slice(at, at + size)
    at += size
  }
}

/** Open files of this process that are in the folder, or were. */
async function openThere(): Promise<string[]> {
  const open = await readdir('/proc/self/fd')
  const links = await Promise.all(open.map(async (fd) => [fd, await readlink(`/proc/self/fd/${fd}`).catch(() => '')] as const))
  return links.filter(([, path]) => path.startsWith(`${folder}/vits-pipe-`)).map(([fd]) => `/proc/self/fd/${fd}`)
}

describe('what comes from a pipe', () => {
  it.each([
    ['is read anywhere from memory', 4 * MEBIBYTE],
    ['is read anywhere from a file where it is longer than may be kept', 2 * MEBIBYTE],
    ['is read anywhere from a file where nothing may be kept', 0],
  ])('%s', async (_, most) => {
    const spool = await spooled(pieces([65_536, 1, MEBIBYTE + 7]), most)
    expect(spool.byteLength).toBe(contents.length)
    await fc.assert(
      fc.asyncProperty(fc.nat(contents.length), fc.nat(2 * MEBIBYTE), fc.boolean(), async (start, length, given) => {
        const end = Math.min(contents.length, start + length)
        const read = await spool.slice(start, end, given ? new Uint8Array(2 * MEBIBYTE) : undefined)
        expect(Buffer.compare(read, contents.subarray(start, end))).toBe(0)
      }),
      { numRuns: 30 },
    )
    await spool.close()
  })

  it('may be nothing, or just what may be kept', async () => {
    for (const length of [0, MEBIBYTE, 2 * MEBIBYTE]) {
      const spool = await spooled(pieces([1000], contents.subarray(0, length)), MEBIBYTE)
      expect(spool.byteLength).toBe(length)
      expect(Buffer.compare(await spool.slice(0, length), contents.subarray(0, length))).toBe(0)
      await spool.close()
    }
  })

  it('lies in a file that has no name, and is its owner’s only', async () => {
    const spool = await spooled(pieces([100_000]), MEBIBYTE)
    const [path, ...others] = await openThere()
    const { mode, nlink, size } = await stat(path!)
    expect([others, mode & 0o777, nlink, size]).toEqual([[], 0o600, 0, contents.length])
    expect([await readdir(folder), unfinished.size]).toEqual([[], 0])
    await spool.close()
    expect(await openThere()).toEqual([])
  })

  it('leaves nothing behind when the pipe breaks', async () => {
    async function* breaking() {
      yield* pieces([100_000])
      throw new Error('the pipe broke')
    }
    await expect(spooled(breaking(), MEBIBYTE)).rejects.toThrow('the pipe broke')
    expect([await readdir(folder), await openThere()]).toEqual([[], []])
  })

  it('cannot be kept where there is no folder for it', async () => {
    process.env['TMPDIR'] = join(folder, 'not-there')
    await expect(spooled(pieces([100_000]), 0)).rejects.toThrow(`cannot be kept in ${join(folder, 'not-there')}: no such file`)
    process.env['TMPDIR'] = folder
  })
})
