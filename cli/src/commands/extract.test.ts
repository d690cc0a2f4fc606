import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { ENTRY_BYTES } from '@vits/core/abi'
import { bytesSource, changedPages, openSavedMachine } from '@vits/core/formats'
import { gpa, PAGE_BYTES } from '@vits/core/memory'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { edited } from '../../../core/src/formats/testing/edited.ts'
import { fixtureBytes, fixtureFile } from '../../../core/src/formats/testing/fixtures.ts'
import { writeQcow2 } from '../../../core/src/formats/testing/qcow2-writer.ts'
import { someRegisters, writeStream } from '../../../core/src/formats/testing/stream-writer.ts'
import { stride } from '../../../core/src/memory/testing/runs.ts'
import { vits } from '../testing/fake-io.ts'

let folder: string
let serial = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vits-extract-'))
})
afterAll(() => rm(folder, { recursive: true }))

const saved = (name: string) => fixtureFile(`${name}.mig.zst`).pathname

async function extracted(file: string, ...options: string[]): Promise<string> {
  const output = join(folder, `case-${serial++}.vits`)
  expect(await vits(['extract', file, '-o', output, ...options])).toMatchObject({ code: 0, err: '' })
  return output
}

async function json(...args: string[]) {
  const { file: _, format, written: __, asked: ___, ...rest } = JSON.parse((await vits([...args, '--json'])).out)
  return { ...rest, format: format?.replace('case of a ', '') }
}

const cases = ['ghosts', 'unrestorable', 'scattered-unrestorable', 'wrapped', 'numa']

describe('a case', () => {
  it.each(cases)('of %s gives the same answers as the VM it is from', async (name) => {
    const small = await extracted(saved(name))
    expect((await stat(small)).size).toBeLessThan(40_000)
    expect(await json('check', small)).toEqual(await json('check', saved(name)))
    expect(await json('repair', '-n', small)).toEqual(await json('repair', '-n', saved(name)))
    expect(await json('show', '--view', 'guest', small)).toEqual(await json('show', '--view', 'guest', saved(name)))
  })

  it('is open to nobody to whom the file of the VM is not', async () => {
    const file = join(folder, 'private.mig')
    await writeFile(file, fixtureBytes('ghosts.mig'))
    await chmod(file, 0o600)
    expect((await stat(await extracted(file))).mode & 0o777).toBe(0o600)
  })

  it.each(cases)('of %s gives the same verdict, findings and repair when it is scrubbed', async (name) => {
    const small = await extracted(saved(name), '--scrub')
    expect((await stat(small)).size).toBeLessThan(8_000)
    const story = async (file: string) => {
      const { verdict, errno, stop, live, tables, restored, orphans, findings } = await json('check', file)
      const codes = findings.map(({ code, gpa: at, severity, confidence }: Record<string, unknown>) => [
        code,
        at,
        severity,
        confidence,
      ])
      const { writes } = await json('repair', '-n', file)
      return { verdict, errno, place: stop?.place, live, tables, restored, orphans, codes, writes }
    }
    expect(await story(small)).toEqual(await story(saved(name)))
  })

  it('of a real VM is refused at any length but its own, in one line that names the file', async () => {
    const whole = await readFile(await extracted(saved('ghosts'), '--scrub'))
    for (let length = 0; length < whole.length; length += stride(31)) {
      const { code, out, err } = await vits(['check', 'cut.vits'], { 'cut.vits': whole.subarray(0, length) })
      expect([code, out], `${length} bytes`).toEqual([8, ''])
      expect(err, `${length} bytes`).toMatch(/^vits: cut\.vits: [^\n]+\n$/)
    }
    expect(await vits(['check', 'cut.vits'], { 'cut.vits': whole })).toMatchObject({ code: 4 })
  })

  it('is mended and written like any saved VM', async () => {
    const small = await extracted(saved('unrestorable'))
    const output = join(folder, 'mended.vits')
    expect((await vits(['repair', small, '-o', output])).code).toBe(0)
    expect((await vits(['check', output])).code).toBe(0)
  })

  it('of a snapshot inside a disk image is repaired, which the image itself cannot be', async () => {
    const [image, output] = [join(folder, 'disk.qcow2'), join(folder, 'sealed.vits')]
    await writeFile(image, writeQcow2(fixtureBytes('unrestorable.mig')))
    expect((await vits(['repair', image, '-o', output])).err).toContain('what lies in a qcow2 image cannot be written back')
    expect(await vits(['repair', '--strict', '--seal', await extracted(image), '-o', output])).toMatchObject({ code: 0, err: '' })
    expect(await vits(['check', '--strict', output])).toMatchObject({
      code: 0,
      out: expect.stringContaining('case of a QEMU stream in qcow2 snapshot "saved"'),
    })
    const sound = await extracted(fixtureFile('savevm.qcow2.zst').pathname)
    expect((await vits(['repair', '--strict', '--seal', sound, '-o', join(folder, 'sound.vits')])).code).toBe(0)
  })

  it('holds the tables of every ITS', async () => {
    const [its] = someRegisters.itses
    const other = { ...its!, base: undefined, baser: [0xf907_0000_4007_0600n, ...its!.baser.slice(1)] }
    const table = { block: 'mach-virt.ram', page: 0x70, contents: new Uint8Array(PAGE_BYTES).fill(1) }
    const file = join(folder, 'two.mig')
    await writeFile(file, writeStream({ registers: { ...someRegisters, itses: [its!, other] }, sections: [[table]] }))
    for (const options of [[], ['--scrub']]) {
      const small = await openSavedMachine(bytesSource(gunzipSync(await readFile(await extracted(file, ...options)))))
      const memory = small.memory()
      const page = { base: gpa(0x4007_0000), bytes: PAGE_BYTES }
      await small.load(memory, [page])
      expect([small.registers.itses, memory.read(page.base, page.bytes)]).toEqual([[its, other], table.contents])
    }
  })

  it('does not replace a file unless told to', async () => {
    const there = await extracted(saved('numa'))
    expect(await vits(['extract', saved('numa'), '-o', there])).toMatchObject({
      code: 8,
      err: expect.stringContaining('--force'),
    })
    expect((await vits(['extract', saved('numa'), '-o', there, '--force'])).code).toBe(0)
    expect((await vits(['extract', saved('numa')])).code).toBe(16)
  })
})

describe('a scrubbed case', () => {
  /** unrestorable, with a secret wherever the pages of its ITTs hold no entry, and in place of one that is stale. */
  async function withSecret(secret: string): Promise<string> {
    const machine = await openSavedMachine(bytesSource(fixtureBytes('unrestorable.mig')))
    const memory = machine.memory()
    const { devices } = JSON.parse((await vits(['show', '--json', saved('unrestorable')])).out) as {
      devices: { deviceId: number; itt: string; eventIdBits: number }[]
    }
    const bytes = new TextEncoder().encode(secret)
    for (const { itt, eventIdBits, deviceId } of devices) {
      const page = gpa(Number(itt) - (Number(itt) % PAGE_BYTES))
      await machine.load(memory, [{ base: page, bytes: 2 * PAGE_BYTES }])
      const end = Number(itt) + 2 ** eventIdBits * ENTRY_BYTES
      if (end % PAGE_BYTES < PAGE_BYTES - 64 && end % PAGE_BYTES > 0) memory.write(gpa(end), bytes)
      if (deviceId === 24) memory.write(gpa(Number(itt) + ENTRY_BYTES), bytes.subarray(0, ENTRY_BYTES))
    }
    const path = join(folder, 'secret.mig')
    await writeFile(path, await edited(machine, changedPages(memory)))
    return path
  }

  it('holds no byte of what lies beside and inside ITTs and is no entry', async () => {
    const file = await withSecret('PASSWORD hunter2')
    const contents = async (path: string) => gunzipSync(await readFile(path)).toString('latin1')
    expect(await contents(await extracted(file))).toContain('hunter2')
    const scrubbed = await contents(await extracted(file, '--scrub'))
    expect(scrubbed).not.toMatch(/hunter2|PASSWORD|PASS|WORD/)
  })
})

describe('a case with what the guest kernel knows', () => {
  const kernel = fixtureFile('bridge-s2-kernel.vits').pathname

  it('is decided where the queue does not tell, and scrubbed as well', async () => {
    for (const options of [['--guest-kernel'], ['--guest-kernel', '--scrub']]) {
      const [its] = (await json('check', await extracted(kernel, ...options))).itses
      expect(its).toMatchObject({ unknown: 0, guestKernel: { by: 'probing', devices: 5, events: 16, reason: null } })
    }
    const [without] = (await json('check', await extracted(kernel))).itses
    expect(without.guestKernel).toMatchObject({ list: null, reason: expect.stringContaining('no copy of the registers') })
  })

  it('is not written where there is no such list in RAM', async () => {
    const output = join(folder, 'none.vits')
    const { code, err } = await vits(['extract', '--guest-kernel', saved('healthy'), '-o', output])
    expect([code, err]).toEqual([8, expect.stringContaining("the guest kernel's list is not there to be kept: no copy of")])
    await expect(stat(output)).rejects.toThrow('ENOENT')
  })
})
