import { readdir, readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { decompress } from 'fzstd'
import { describe, expect, it } from 'vitest'
import { nodeDisk } from '../node/disk.ts'
import { vits } from '../testing/fake-io.ts'
import { ownFolder } from '../testing/own-folder.ts'

const own = ownFolder()
const { inFolder, saved } = own

describe('a repaired copy', () => {
  it.each([
    ['fixed.mig.zst', 'zstd', (bytes: Buffer) => Buffer.from(decompress(bytes))],
    ['fixed.mig.gz', 'gzip', gunzipSync],
  ])('is compressed as its name says, and was read back before it got that: %s', async (name, packing, unpack) => {
    const file = await saved('ghosts.mig')
    const ran = await vits(['repair', '-p', file, '-o', inFolder(name)])
    await vits(['repair', '-p', file, '-o', inFolder('plain.mig')])
    const [packed, plain] = [await readFile(inFolder(name)), await readFile(inFolder('plain.mig'))]
    expect(ran.code).toBe(0)
    expect(ran.out).toContain(
      `${name} is written and synced: ${packed.length} bytes, compressed with ${packing}. It was read back and audited.\n`,
    )
    expect(unpack(packed).equals(plain)).toBe(true)
    expect(packed.length).toBeLessThan(plain.length / 2)
    expect((await vits(['check', inFolder(name)])).code).toBe(0)
  })

  it('is not there when what was compressed is not what is read back', async () => {
    const file = await saved('ghosts.mig')
    const create: typeof nodeDisk.create = (path, { pieces, ...rest }, how) => {
      const damaged = (async function* () {
        for await (const piece of pieces)
          yield piece.length > 1000 ? piece.map((byte, i) => (i === 900 ? byte ^ 1 : byte)) : piece
      })()
      return nodeDisk.create(path, { ...rest, pieces: damaged }, how)
    }
    const ran = await vits(['repair', '-p', file, '-o', inFolder('fixed.mig.zst')], {}, { disk: { ...nodeDisk, create } })
    expect([ran.code, await readdir(own.path)]).toEqual([8, ['ghosts.mig']])
  })
})

it('a case is compressed with zstd where its name asks for that', async () => {
  const file = await saved('ghosts.mig')
  for (const name of ['vm.vits', 'vm.vits.zst'])
    expect(await vits(['extract', file, '-o', inFolder(name)])).toMatchObject({ code: 0 })
  const [gzip, zstd] = [await readFile(inFolder('vm.vits')), await readFile(inFolder('vm.vits.zst'))]
  expect(Buffer.from(decompress(zstd)).equals(gunzipSync(gzip))).toBe(true)
})
