import promises, { chmod, type FileHandle, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { bytesSource, undoFile, undoText } from '@vits/core/formats'
import { PAGE_BYTES } from '@vits/core/memory'
import { describe, expect, it } from 'vitest'
import { fixtureBytes } from '../../../core/src/formats/testing/fixtures.ts'
import { digesting } from '../node/digesting.ts'
import { diskOf } from '../node/disk.ts'
import { thisProcess } from '../node/writer.ts'
import { blankNuma } from '../testing/blank-page.ts'
import { vits } from '../testing/fake-io.ts'
import { holds, ownFolder } from '../testing/own-folder.ts'

const own = ownFolder()
const { inFolder, saved } = own

describe('a repair in place', () => {
  it('leaves the undo file beside the repaired one, and undo takes it back to the byte', async () => {
    const file = await saved('unrestorable.mig')
    const was = await readFile(file)
    expect((await vits(['repair', '--in-place', file])).code).toBe(0)
    expect(await readdir(own.path)).toEqual(['unrestorable.mig', 'unrestorable.mig.undo'])
    expect((await vits(['check', file])).code).toBe(0)
    expect((await vits(['repair', '--in-place', '--strict', file])).err).toContain('is there from an earlier repair')
    const undone = await vits(['undo', file])
    expect([undone.code, undone.out]).toEqual([0, `${file} is as it was before the repair: 6 words put back.\n`])
    expect([await holds(file, was), await readdir(own.path)]).toEqual([true, ['unrestorable.mig']])
  })

  it('is taken back too when the file has grown: a page of zeros became one with contents', async () => {
    const file = inFolder('blank.mig')
    const blank = await blankNuma('zeros')
    await writeFile(file, blank)
    expect((await vits(['check', file])).code).toBe(4)
    expect((await vits(['repair', '--in-place', file])).code).toBe(4)
    expect((await vits(['repair', '--rebuild', '--in-place', file])).code).toBe(0)
    expect([(await vits(['check', file])).code, (await stat(file)).size - blank.length]).toEqual([0, PAGE_BYTES - 1])
    expect((await vits(['undo', file])).code).toBe(0)
    expect([await holds(file, blank), await readdir(own.path)]).toEqual([true, ['blank.mig']])
  })

  it('is found under a link to the file too, and its undo file lies beside the file', async () => {
    const file = await saved('unrestorable.mig')
    await symlink('unrestorable.mig', inFolder('link'))
    expect((await vits(['repair', '--in-place', inFolder('link')])).out).toContain(`${file}.undo takes it back`)
    expect(await vits(['repair', '--in-place', file])).toMatchObject({ code: 8, err: expect.stringContaining('earlier repair') })
    expect((await vits(['undo', inFolder('link')])).code).toBe(0)
    expect([await holds(file, fixtureBytes('unrestorable.mig')), await readdir(own.path)]).toEqual([
      true,
      ['link', 'unrestorable.mig'],
    ])
  })

  it('lets nobody read the undo file who may not read the VM, nor a copy', async () => {
    const file = await saved('unrestorable.mig')
    await chmod(file, 0o600)
    await vits(['repair', file, '-o', inFolder('fixed.mig')])
    expect((await stat(inFolder('fixed.mig'))).mode & 0o777).toBe(0o600)
    await vits(['repair', '--in-place', file])
    expect((await stat(`${file}.undo`)).mode & 0o777).toBe(0o600)
  })

  it('of an older vits is taken back by its undo file, which has no digest of the file', async () => {
    const file = await saved('unrestorable.mig')
    await vits(['repair', '--in-place', file])
    const { words, files } = JSON.parse(await readFile(`${file}.undo`, 'utf8'))
    const old = files.map(({ sha256Before: _, sha256After: __, ...rest }: Record<string, unknown>) => rest)
    const body = { format: 'vits-undo', version: 2, words, files: old }
    const checksum = crc32(Buffer.from(JSON.stringify(body), 'utf16le'))
      .toString(16)
      .padStart(8, '0')
    await writeFile(`${file}.undo`, JSON.stringify({ ...body, checksum }))
    expect((await vits(['undo', file])).code).toBe(0)
    expect([await holds(file, fixtureBytes('unrestorable.mig')), await readdir(own.path)]).toEqual([true, ['unrestorable.mig']])
  })

  it('is not undone by the undo file of another VM', async () => {
    const [file, other] = [await saved('unrestorable.mig'), await saved('ghosts.mig')]
    for (const each of [file, other]) await vits(['repair', '--in-place', each])
    const [repaired, foreign] = [await readFile(file), await readFile(`${other}.undo`)]
    await writeFile(`${file}.undo`, foreign)
    expect(await vits(['undo', file])).toMatchObject({ code: 8, err: expect.stringContaining('not as the repair left it') })
    expect([await holds(file, repaired), await holds(`${file}.undo`, foreign)]).toEqual([true, true])
  })

  it('is not undone on a file that has changed anywhere since', async () => {
    const file = await saved('unrestorable.mig')
    await vits(['repair', '--in-place', file])
    const changed = await readFile(file)
    changed[changed.length - 1]! ^= 1
    await writeFile(file, changed)
    expect(await vits(['undo', file])).toMatchObject({ code: 8, err: expect.stringContaining('not as the repair left it') })
    expect([await holds(file, changed), await readdir(own.path)]).toEqual([true, ['unrestorable.mig', 'unrestorable.mig.undo']])
  })

  it.each(['r+', 'write', 'sync'])('leaves all as it was, and no undo file, when the disk fails at its %s', async (call) => {
    const file = await saved('unrestorable.mig')
    const failed = Object.assign(new Error('EROFS: read-only file system, open'), { code: 'EROFS' })
    let isBroken = true
    const open: typeof promises.open = async (path, flags, mode) => {
      const isThis = path === file && flags === 'r+' && isBroken
      if (isThis && call === 'r+') throw failed
      const handle = await promises.open(path, flags, mode)
      if (!isThis) return handle
      let calls = 0
      return new Proxy(handle, {
        get: (target, name: keyof FileHandle) => {
          const member = (target[name] as (...args: unknown[]) => Promise<unknown>)?.bind?.(target)
          // The first write is made, so that there is something to take back.
          if (name !== call || (call === 'write' && calls++ === 0)) return member
          return async () => {
            isBroken = false
            throw failed
          }
        },
      })
    }
    const disk = diskOf({ fs: { ...promises, open }, writer: thisProcess() })
    const run = await vits(['repair', '--in-place', file], {}, { disk })
    expect([run.code, run.err]).toEqual([8, `vits: ${file}: read-only file system\n`])
    expect([await holds(file, fixtureBytes('unrestorable.mig')), await readdir(own.path)]).toEqual([true, ['unrestorable.mig']])
  })

  it('says what takes it back when the disk fails and goes on failing', async () => {
    const file = await saved('unrestorable.mig')
    const failed = Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' })
    const open: typeof promises.open = async (path, flags, mode) => {
      const handle = await promises.open(path, flags, mode)
      if (path !== file) return handle
      let calls = 0
      const write = async (bytes: Uint8Array, offset: number, length: number, at: number) => {
        if (calls++ > 0) throw failed
        return handle.write(bytes, offset, length, at)
      }
      return new Proxy(handle, {
        get: (target, name: keyof FileHandle) =>
          name === 'write' ? write : (target[name] as (...args: unknown[]) => unknown)?.bind?.(target),
      })
    }
    const disk = diskOf({ fs: { ...promises, open }, writer: thisProcess() })
    const run = await vits(['repair', '--in-place', file], {}, { disk })
    expect([run.code, run.err]).toEqual([
      8,
      `vits: ${file}: input/output error; not all is as it was, and ${file}.undo takes it back\n`,
    ])
    expect((await vits(['undo', file])).code).toBe(0)
    expect([await holds(file, fixtureBytes('unrestorable.mig')), await readdir(own.path)]).toEqual([true, ['unrestorable.mig']])
  })

  it('is not undone on a file that is another by now', async () => {
    const file = await saved('unrestorable.mig')
    await vits(['repair', '--in-place', file])
    await writeFile(file, fixtureBytes('healthy.mig'))
    expect(await vits(['undo', file])).toMatchObject({ code: 8, err: expect.stringContaining('not as the repair left it') })
    expect(await holds(file, fixtureBytes('healthy.mig'))).toBe(true)
  })

  it('of several files is taken back in all of them or in none', async () => {
    const before = { a: Uint8Array.of(1, 2, 3, 4), b: Uint8Array.of(5, 6, 7) }
    const after = { a: Uint8Array.of(1, 9, 3, 4), b: Uint8Array.of(5, 6, 0, 0, 7) }
    const files = [
      await undoFile('a', bytesSource(before.a), [{ offset: 1, remove: 1, insert: Uint8Array.of(9) }], digesting),
      await undoFile('b', bytesSource(before.b), [{ offset: 2, remove: 0, insert: new Uint8Array(2) }], digesting),
    ]
    const put = async (a: Uint8Array, b: Uint8Array) => {
      await Promise.all([writeFile(inFolder('a'), a), writeFile(inFolder('b'), b)])
      await writeFile(inFolder('vm.undo'), undoText({ files, words: ['a word'] }, digesting))
      return vits(['undo', inFolder('vm')])
    }
    const contents = async () => [new Uint8Array(await readFile(inFolder('a'))), new Uint8Array(await readFile(inFolder('b')))]
    const other = Uint8Array.of(7, 7, 7, 7, 7)
    for (const [a, b, what] of [
      [after.a, other, 'b is not as'],
      [other, after.b, 'a is not as'],
    ] as const) {
      expect(await put(a, b)).toMatchObject({ code: 8, err: expect.stringContaining(what) })
      expect([await contents(), await readdir(own.path)]).toEqual([
        [a, b],
        ['a', 'b', 'vm.undo'],
      ])
    }
    // A repair or an undo that was interrupted between two files.
    for (const [a, b] of [
      [after.a, after.b],
      [after.a, before.b],
      [before.a, after.b],
      [before.a, before.b],
    ] as const) {
      expect(await put(a, b)).toMatchObject({ code: 0, err: '' })
      expect([await contents(), await readdir(own.path)]).toEqual([
        [before.a, before.b],
        ['a', 'b'],
      ])
    }
  })

  it.each([
    ['missing', undefined, 'there is no'],
    ['damaged', (text: string) => text.replace(/"offset": \d/, '"offset": 9'), 'checksum'],
    ['something else', () => 'hello', 'JSON'],
  ])('is not undone when the undo file is %s', async (_what, change, message) => {
    const file = await saved('unrestorable.mig')
    await vits(['repair', '--in-place', file])
    const repaired = await readFile(file)
    if (change === undefined) await rm(`${file}.undo`)
    else await writeFile(`${file}.undo`, change(await readFile(`${file}.undo`, 'utf8')))
    expect(await vits(['undo', file])).toMatchObject({ code: 8, err: expect.stringContaining(message) })
    expect(await holds(file, repaired)).toBe(true)
  })
})
