import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSavedMachine } from '@vits/core/formats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixtureBytes, fixtureFile } from '../../../core/src/formats/testing/fixtures.ts'
import { diskSource, fileSource } from './file-source.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vits-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('a file as a source', () => {
  it('answers with the bytes asked for, in new memory or in the caller’s', async () => {
    const path = join(folder, 'digits')
    await writeFile(path, '0123456789')
    await using file = await open(path)
    const source = await fileSource(file)
    const room = new Uint8Array(8)
    const digits = await source.slice(2, 5, room)
    expect([source.byteLength, new TextDecoder().decode(digits), digits.buffer === room.buffer]).toEqual([10, '234', true])
    expect(new TextDecoder().decode(await source.slice(8, 10))).toBe('89')
  })

  it('of a disk is as long as there is anything to read', async () => {
    for (const bytes of [0, 1, 2, 3, 512, 4095, 4096, 3 * 2 ** 40 + 512]) {
      let asked = 0
      const read = async (into: Uint8Array, at: number, length: number, position: number) => {
        asked++
        into.fill(7, at, at + length)
        return { bytesRead: Math.max(0, Math.min(length, bytes - position)) }
      }
      const source = await diskSource({ read })
      expect([source.byteLength, source.storedBytes, asked < 110]).toEqual([bytes, undefined, true])
      expect(await source.slice(bytes > 2 ? bytes - 2 : 0, bytes)).toEqual(new Uint8Array(Math.min(bytes, 2)).fill(7))
    }
  })

  it('opens as the same machine, plain or compressed', async () => {
    const path = join(folder, 'healthy.mig')
    await writeFile(path, fixtureBytes('healthy.mig'))
    await using plain = await open(path)
    await using packed = await open(fixtureFile('healthy.mig.zst'))
    const [one, other] = await Promise.all([plain, packed].map(async (file) => openSavedMachine(await fileSource(file))))
    expect(one!.registers.itses[0]!.iidr).toBe(0x4b00043b)
    expect(other!.registers).toEqual(one!.registers)
  })
})
