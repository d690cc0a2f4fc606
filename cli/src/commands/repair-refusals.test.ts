import promises, { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { fixtureBytes, fixtureFile } from '../../../core/src/formats/testing/fixtures.ts'
import { diskOf, nodeDisk } from '../node/disk.ts'
import { thisProcess } from '../node/writer.ts'
import { vits } from '../testing/fake-io.ts'
import { holds, ownFolder } from '../testing/own-folder.ts'

const own = ownFolder()
const { inFolder, saved } = own

describe('what a repair refuses to write', () => {
  it('is a VM that would restore and lose 40 events: clearing only what KVM complains of', async () => {
    const file = await saved('scattered-unrestorable.mig')
    const run = await vits(['repair', '--fix', 'D203', file, '-o', inFolder('fixed.mig')])
    expect(run.code).toBe(4 | 8)
    expect(run.out).toContain('The result is not proven good and is not written:')
    expect(await readdir(own.path)).toEqual(['scattered-unrestorable.mig'])
  })

  it('is anything at all with -n', async () => {
    const file = await saved('ghosts.mig')
    const run = await vits(['repair', '-n', file, '-o', inFolder('fixed.mig')])
    expect([run.code, await readdir(own.path)]).toEqual([4, ['ghosts.mig']])
    expect(run.out).toContain(
      '0x44160040  0x80100000_0881b600 -> 0x00000000_00000000  DeviceID 0x8  V=1 next=+8 ITT=0x440db000 bits=1 -> cleared',
    )
  })

  it.each([
    ['a file that is there', ['-o', 'there.mig'], 8, 'is there already'],
    ['the file itself', ['-o', 'ghosts.mig', '--force'], 16, 'is the file that is read'],
    ['a folder that is not there', ['-o', 'nowhere/fixed.mig'], 8, 'cannot write'],
    ['a folder instead of a file', ['-o', '.', '--force'], 8, 'is a folder: name a file in it'],
    ['a copy that would not be compressed as it is called', ['-o', 'copy.bz2'], 16, 'what vits packs is called .zst or .gz'],
    ['nowhere', [], 16, 'say where to write'],
    ['in two places', ['-o', 'x.mig', '--in-place'], 16, 'exclude each other'],
  ])('is %s', async (_what, where, code, message) => {
    const file = await saved('ghosts.mig')
    await writeFile(inFolder('there.mig'), 'precious')
    const args = where.map((word) => (word.endsWith('.mig') ? inFolder(word) : word))
    const run = await vits(['repair', file, ...args])
    expect([run.code, run.err.includes(message)]).toEqual([code, true])
    expect(await readFile(inFolder('there.mig'), 'utf8')).toBe('precious')
    expect(await holds(file, fixtureBytes('ghosts.mig'))).toBe(true)
  })

  it.each([['-o', 'fixed.mig'], ['-o', 'there.mig'], ['-o', 'nowhere/fixed.mig'], ['--in-place']])(
    'is said before the analysis, where nothing can be written (%s %s)',
    async (...where) => {
      const file = await saved('ghosts.mig')
      await writeFile(inFolder('there.mig'), 'precious')
      await writeFile(`${file}.undo`, 'precious')
      const denied = Object.assign(new Error('EACCES: permission denied, access'), { code: 'EACCES' })
      const disk = diskOf({ fs: { ...promises, access: () => Promise.reject(denied) }, writer: thisProcess() })
      const open = () => Promise.reject(new Error('it was opened'))
      const args = where.map((word) => (word.endsWith('.mig') ? inFolder(word) : word))
      const run = await vits(['repair', file, ...args], {}, { disk, open })
      expect([run.code, run.err]).toEqual([8, expect.not.stringContaining('opened')])
      expect((await readdir(own.path)).sort()).toEqual(['ghosts.mig', 'ghosts.mig.undo', 'there.mig'])
    },
  )

  it('is what there is no room for, before the analysis', async () => {
    const file = await saved('ghosts.mig')
    const statfs = (async () => ({ bavail: 1, bsize: 4096 })) as unknown as typeof promises.statfs
    const disk = diskOf({ fs: { ...promises, statfs }, writer: thisProcess() })
    const run = await vits(['repair', file, '-o', inFolder('fixed.mig')], {}, { disk })
    expect([run.code, run.out, run.err.includes('no room')]).toEqual([8, '', true])
  })

  it('is a compressed file in place; a copy of it is written uncompressed', async () => {
    const file = fixtureFile('ghosts.mig.zst').pathname
    expect(await vits(['repair', '--in-place', file])).toMatchObject({ code: 8, err: expect.stringContaining('compressed') })
    const run = await vits(['repair', file, '-o', inFolder('fixed.mig')])
    expect([run.code, run.out.includes('uncompressed')]).toEqual([0, true])
    expect((await readFile(inFolder('fixed.mig'))).subarray(0, 4).toString()).toBe('QEVM')
  })

  it('is a snapshot inside a disk image', async () => {
    const file = fixtureFile('savevm.qcow2.zst').pathname
    const run = await vits(['repair', '--seal', file, '-o', inFolder('fixed.mig')])
    expect([run.code, await readdir(own.path)]).toEqual([8, []])
  })

  it('is more than the disk has room for, before anything is written', async () => {
    const pieces = (async function* () {
      yield new Uint8Array(1)
    })()
    await expect(nodeDisk.create(inFolder('huge'), { bytes: 2 ** 52, pieces })).rejects.toThrow('no room')
    expect(await readdir(own.path)).toEqual([])
  })

  it.each([['-o', 'fixed.mig'], ['--in-place']])('is a VM whose file changed while it was read (%s)', async (...where) => {
    const file = await saved('ghosts.mig')
    const { mtime } = await stat(file)
    const disk = {
      ...nodeDisk,
      identity: async (path: string) => {
        const identity = await nodeDisk.identity(path)
        // Somebody else writes to the file once its identity was taken.
        if (path === file) await utimes(file, mtime, new Date(mtime.getTime() + 1000))
        return identity
      },
    }
    const args = where.map((word) => (word.endsWith('.mig') ? inFolder(word) : word))
    const run = await vits(['repair', file, ...args], {}, { disk })
    expect([run.code, run.err.includes('changed while it was read')]).toEqual([8, true])
    expect(await readdir(own.path)).toEqual(['ghosts.mig'])
  })
})
