import promises, {
  chmod,
  type FileHandle,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { bytesSource, undoFile, undoText } from '@vits/core/formats'
import { PAGE_BYTES } from '@vits/core/memory'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseGuestText } from '../../../core/src/audit/testing/guest-text.ts'
import { fixtureBytes, fixtureFile, fixtureText } from '../../../core/src/formats/testing/fixtures.ts'
import { sharingCase } from '../../../core/src/formats/testing/shared-registers.ts'
import { digesting } from '../node/digesting.ts'
import { diskOf, nodeDisk } from '../node/disk.ts'
import { thisProcess } from '../node/writer.ts'
import { blankNuma } from '../testing/blank-page.ts'
import { vits } from '../testing/fake-io.ts'

let root: string
let folder: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'vits-repair-'))
})
afterAll(() => rm(root, { recursive: true }))
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'test-'))
})
const inFolder = (name: string) => join(folder, name)

/** A saved VM of the fixtures, uncompressed on the disk. */
async function saved(name: string): Promise<string> {
  const path = inFolder(name)
  await writeFile(path, fixtureBytes(name))
  return path
}

/** Events as the guest itself lists them: `8:0` to LPI. */
async function restoredEvents(path: string): Promise<Record<string, number>> {
  const { devices } = JSON.parse((await vits(['show', '--view', 'restored', '--json', path])).out) as {
    devices: { deviceId: number; events: { eventId: number; lpi: number }[] }[]
  }
  return Object.fromEntries(
    devices.flatMap(({ deviceId, events }) => events.map(({ eventId, lpi }) => [`${deviceId}:${eventId}`, lpi])),
  )
}

/** True when a file holds exactly these bytes. */
const holds = async (path: string, bytes: Uint8Array) => (await readFile(path)).equals(bytes)

describe('check, repair -p, check', () => {
  it.each(['ghosts', 'unrestorable', 'scattered-unrestorable', 'wrapped', 'scattered-partly-repaired', 'smmu-s3'])(
    'finds %s broken, mends it, and finds it clean with all its live events',
    async (name) => {
      const [file, output] = [await saved(`${name}.mig`), inFolder('fixed.mig')]
      expect((await vits(['check', file])).code).toBe(4)
      const repaired = await vits(['repair', '-p', file, '-o', output])
      expect([repaired.code, repaired.err]).toEqual([0, ''])
      expect((await vits(['check', '--strict', output])).code).toBe(0)
      const guest = fixtureText(`${name}.guest-view.txt`)
      if (guest !== undefined) expect(await restoredEvents(output)).toEqual(Object.fromEntries(parseGuestText(guest).events))
      const again = await vits(['repair', '-p', output, '-o', inFolder('again.mig')])
      expect([again.code, again.out]).toEqual([0, expect.stringContaining('Nothing to repair.')])
      expect(again.out).toContain(`${inFolder('again.mig')} is written and synced`)
      expect(await holds(inFolder('again.mig'), await readFile(output))).toBe(true)
    },
  )

  it.each(['bridge-s2', 'mem-numa2-s1', 'mem-vmem-s1', 'nvme72-s1', 'smmu-s1'])(
    'finds nothing to do in %s, whatever it may do',
    async (name) => {
      const run = await vits(['repair', '-n', '-y', fixtureFile(`${name}.mig.zst`).pathname])
      expect([run.code, run.out.includes('Nothing to repair')]).toEqual([0, true])
    },
  )

  it('leaves every other byte of the file as it is', async () => {
    const [file, output] = [await saved('ghosts.mig'), inFolder('fixed.mig')]
    const { out } = await vits(['repair', '--json', file, '-o', output])
    const { writes } = JSON.parse(out) as { writes: unknown[] }
    const [was, is] = [await readFile(file), await readFile(output)]
    expect(is.length).toBe(was.length)
    const changed = is.filter((byte, i) => byte !== was[i]).length
    expect([writes.length > 0, changed >= writes.length, changed <= 8 * writes.length]).toEqual([true, true, true])
  })

  it('leaves harmless leftovers alone unless asked, in a mapped-ram file in place', async () => {
    const file = await saved('qemu10-mapped-ram.mig')
    const lazy = await vits(['repair', '--in-place', file])
    expect([lazy.code, lazy.out.includes('--strict clears 3 harmless leftovers')]).toEqual([0, true])
    expect((await vits(['repair', '--strict', '--in-place', file])).code).toBe(0)
    expect((await vits(['check', '--strict', file])).code).toBe(0)
    expect((await vits(['undo', file])).code).toBe(0)
    expect((await vits(['check', '--strict', file])).code).toBe(4)
  })
})

describe('the exit status of a repair', () => {
  it('is 0 when it is done, so that a script goes on, and 1 as fsck(8) has it with --exit-code', async () => {
    const file = await saved('ghosts.mig')
    expect((await vits(['repair', file, '-o', inFolder('one.mig')])).code).toBe(0)
    expect((await vits(['repair', '--exit-code', file, '-o', inFolder('two.mig')])).code).toBe(1)
    expect((await vits(['repair', '--exit-code', inFolder('one.mig'), '-o', inFolder('three.mig')])).code).toBe(0)
    expect((await vits(['repair', '--exit-code', '-n', file])).code).toBe(4)
  })

  it('is 0 only with the output that was asked for: a VM that needs no repair is copied', async () => {
    const run = await vits(['repair', '--json', fixtureFile('healthy.mig.zst').pathname, '-o', inFolder('copy.mig')])
    expect([run.code, JSON.parse(run.out)]).toMatchObject([0, { written: inFolder('copy.mig'), writes: [] }])
    expect(await holds(inFolder('copy.mig'), fixtureBytes('healthy.mig'))).toBe(true)
    const lazy = await vits(['repair', fixtureFile('qemu10-mapped-ram.mig.zst').pathname, '-o', inFolder('left.mig')])
    expect(lazy.out).toMatch(/Nothing to repair; --strict clears 3 harmless leftovers\.\n.*left\.mig is written/s)
  })
})

describe('repair --rebuild', () => {
  it.each(['zeros', 'nothing'] as const)('brings back what stood in a page of which the file holds %s', async (how) => {
    const [file, output] = [inFolder('blank.mig'), inFolder('rebuilt.mig')]
    await writeFile(file, await blankNuma(how))
    const { verdict, findings } = JSON.parse((await vits(['check', '--json', file])).out)
    const codes = findings.map(({ code }: { code: string }) => code)
    expect([verdict, codes.includes('M702')]).toEqual(['corrupts', how === 'nothing'])
    const rebuilt = await vits(['repair', '--rebuild', file, '-o', output])
    expect([rebuilt.code, rebuilt.out.includes('The guest mapped it so, MAPTI at 0x')]).toEqual([0, true])
    expect((await vits(['check', '--strict', output])).code).toBe(0)
    expect(await restoredEvents(output)).toEqual(await restoredEvents(fixtureFile('numa.mig.zst').pathname))
  })

  it('says why it cannot, when the queue has gone round', async () => {
    const run = await vits(['repair', '--rebuild', fixtureFile('wrapped.mig.zst').pathname, '-o', inFolder('x.mig')])
    expect([run.code, run.err.includes('cannot be rebuilt: the history of the command queue is wrapped')]).toEqual([8, true])
  })
})

describe('what a repair refuses to write', () => {
  it('is a VM that would restore and lose 40 events: clearing only what KVM complains of', async () => {
    const file = await saved('scattered-unrestorable.mig')
    const run = await vits(['repair', '--fix', 'D203', file, '-o', inFolder('fixed.mig')])
    expect(run.code).toBe(4 | 8)
    expect(run.out).toContain('The result is not proven good and is not written:')
    expect(await readdir(folder)).toEqual(['scattered-unrestorable.mig'])
  })

  it('is anything at all with -n', async () => {
    const file = await saved('ghosts.mig')
    const run = await vits(['repair', '-n', file, '-o', inFolder('fixed.mig')])
    expect([run.code, await readdir(folder)]).toEqual([4, ['ghosts.mig']])
    expect(run.out).toContain(
      '0x44160040  0x80100000_0881b600 -> 0x00000000_00000000  DeviceID 0x8  V=1 next=+8 ITT=0x440db000 bits=1 -> cleared',
    )
  })

  it.each([
    ['a file that is there', ['-o', 'there.mig'], 8, 'is there already'],
    ['the file itself', ['-o', 'ghosts.mig', '--force'], 16, 'is the file that is read'],
    ['a folder that is not there', ['-o', 'nowhere/fixed.mig'], 8, 'cannot write'],
    ['a folder instead of a file', ['-o', '.', '--force'], 8, 'is a folder: name a file in it'],
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
      expect((await readdir(folder)).sort()).toEqual(['ghosts.mig', 'ghosts.mig.undo', 'there.mig'])
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
    expect([run.code, await readdir(folder)]).toEqual([8, []])
  })

  it('is more than the disk has room for, before anything is written', async () => {
    const pieces = (async function* () {
      yield new Uint8Array(1)
    })()
    await expect(nodeDisk.create(inFolder('huge'), { bytes: 2 ** 52, pieces })).rejects.toThrow('no room')
    expect(await readdir(folder)).toEqual([])
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
    expect(await readdir(folder)).toEqual(['ghosts.mig'])
  })
})

describe('a repair in place', () => {
  it('leaves the undo file beside the repaired one, and undo takes it back to the byte', async () => {
    const file = await saved('unrestorable.mig')
    const was = await readFile(file)
    expect((await vits(['repair', '--in-place', file])).code).toBe(0)
    expect(await readdir(folder)).toEqual(['unrestorable.mig', 'unrestorable.mig.undo'])
    expect((await vits(['check', file])).code).toBe(0)
    expect((await vits(['repair', '--in-place', '--strict', file])).err).toContain('is there from an earlier repair')
    const undone = await vits(['undo', file])
    expect([undone.code, undone.out]).toEqual([0, `${file} is as it was before the repair: 6 words put back.\n`])
    expect([await holds(file, was), await readdir(folder)]).toEqual([true, ['unrestorable.mig']])
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
    expect([await holds(file, blank), await readdir(folder)]).toEqual([true, ['blank.mig']])
  })

  it('is found under a link to the file too, and its undo file lies beside the file', async () => {
    const file = await saved('unrestorable.mig')
    await symlink('unrestorable.mig', inFolder('link'))
    expect((await vits(['repair', '--in-place', inFolder('link')])).out).toContain(`${file}.undo takes it back`)
    expect(await vits(['repair', '--in-place', file])).toMatchObject({ code: 8, err: expect.stringContaining('earlier repair') })
    expect((await vits(['undo', inFolder('link')])).code).toBe(0)
    expect([await holds(file, fixtureBytes('unrestorable.mig')), await readdir(folder)]).toEqual([
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
    expect([await holds(file, fixtureBytes('unrestorable.mig')), await readdir(folder)]).toEqual([true, ['unrestorable.mig']])
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
    expect([await holds(file, changed), await readdir(folder)]).toEqual([true, ['unrestorable.mig', 'unrestorable.mig.undo']])
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
    expect([await holds(file, fixtureBytes('unrestorable.mig')), await readdir(folder)]).toEqual([true, ['unrestorable.mig']])
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
    expect([await holds(file, fixtureBytes('unrestorable.mig')), await readdir(folder)]).toEqual([true, ['unrestorable.mig']])
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
      expect([await contents(), await readdir(folder)]).toEqual([
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
      expect([await contents(), await readdir(folder)]).toEqual([
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

describe('registers that are not the guest’s', () => {
  it('are mended in place, told of, and taken back', async () => {
    const file = inFolder('sharing.vits')
    const bytes = await sharingCase(8193)
    await writeFile(file, bytes)
    expect(await vits(['check', file])).toMatchObject({
      code: 4,
      out: expect.stringContaining('R107 pending-table-not-the-guests'),
    })
    const dry = JSON.parse((await vits(['repair', '-n', '--json', file])).out)
    expect(dry).toMatchObject({
      written: null,
      before: { verdict: 'corrupts' },
      after: { verdict: 'restores' },
      writes: [],
      registers: [
        { register: 'GICR_PENDBASER', vcpuId: 1, from: '0x429e0780', to: '0x429f0780', code: 'R107', confidence: 'proven' },
      ],
    })
    const { code, out } = await vits(['repair', '--in-place', file])
    expect(code).toBe(0)
    expect(out).toContain('    GICR_PENDBASER of vCPU 1  0x429e0780 -> 0x429f0780\n')
    expect(out).toContain('the guest kernel: pend_page of the redistributor at 0x80c0000 is the page at 0x429f0000')
    expect(out).toContain('1 register changed, 8 bytes.')
    expect((await vits(['check', file])).code).toBe(0)
    expect(JSON.parse(await readFile(`${file}.undo`, 'utf8')).words).toEqual([
      'GICR_PENDBASER of vCPU 1  0x429e0780 -> 0x429f0780',
    ])
    await vits(['undo', file])
    expect(await holds(file, bytes)).toBe(true)
  })
})

describe('repair --heads', () => {
  it.each(['ours', 'none'])(
    '%s is no reason to refuse a repair for what the proposal loses by its own defects',
    async (heads) => {
      const output = inFolder('out')
      const file = await saved('scattered-unrestorable.mig')
      expect((await vits(['repair', '-o', output, '--heads', heads, file])).code).toBe(0)
      expect((await vits(['check', output])).code).toBe(0)
      expect((await vits(['repair', '-n', '--heads', heads, output])).out).toContain('Nothing to repair')
    },
  )

  it.each(['healthy', 'numa'])(
    'ours writes heads into %s, none takes them away, and each is undone to the byte',
    async (name) => {
      const file = await saved(`${name}.mig`)
      const plain = await readFile(file)
      const written = await vits(['repair', '--in-place', '--heads', 'ours', file])
      expect([written.code, written.out]).toEqual([0, expect.stringContaining('It names the first live entry of its table.')])
      const { heads, verdict, findings } = JSON.parse((await vits(['check', '--json', file])).out)
      expect([verdict, heads.stale, heads.deviceTable > 0]).toEqual(['restores', 0, true])
      expect(findings.filter(({ code }: { code: string }) => ['D216', 'I311'].includes(code))).toEqual([])
      expect(await restoredEvents(file)).toEqual(await restoredEvents(fixtureFile(`${name}.mig.zst`).pathname))
      const again = await vits(['repair', '-n', '--heads', 'ours', file])
      expect([again.code, again.out]).toEqual([0, expect.stringContaining('Nothing to repair')])

      const output = inFolder('none')
      expect((await vits(['repair', '-o', output, '--heads', 'none', file])).code).toBe(0)
      expect(await holds(output, plain)).toBe(true)
      await vits(['undo', file])
      expect(await holds(file, plain)).toBe(true)
    },
  )
})
