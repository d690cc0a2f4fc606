import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesSource, FormatError, openSavedMachine } from '../index.ts'
import { disk, fn, its, memory, open, RAM, regions, registers, state, withCrc } from '../testing/firecracker-snapshot.ts'
import { ramLayout } from './memory-file.ts'
import { readVmstate } from './vmstate.ts'

describe('a state that is refused', () => {
  const damaged = (at: number, byte: number, bytes = state()): Uint8Array => bytes.map((each, i) => (i === at ? byte : each))

  it.each<[string, Uint8Array, string, number]>([
    ['1.7', state({ version: '1.0.0' }, '1.13'), 'version 1.0.0, of Firecracker 1.7, which had none', 8],
    ['1.12', state({ version: '6.0.0' }, '1.13'), 'version 6.0.0, of Firecracker 1.12, which had none', 8],
    ['a version to come', state({ version: '12.0.0' }), 'expected a snapshot of version 8.0.x, 9.0.x, 10.0.x, 11.0.x', 9],
    ['a version to come of a known one', state({ version: '9.1.0' }), 'found version 9.1.0', 9],
    ['what is no version', state({ version: 'nine' }), 'expected the version of a snapshot', 9],
    ['a version in the other encoding', state({ version: '9.0.0' }, '1.14'), 'found version 9.0.0', 8],
    ['x86', state({ magic: 0x0710_1984_8664_0000n }), 'one of an x86 VM, which has no ITS', 1],
    ['x86 in bincode', state({ magic: 0x0710_1984_8664_0000n }, '1.14'), 'one of an x86 VM, which has no ITS', 0],
    ['1.6 or before', state({ magic: 0x0710_1984_aaaa_0001n }, '1.14'), 'Firecracker 1.6 or before', 0],
    ['a GICv2 host', state({ hasIts: false }), 'the host had a GICv2', 15],
    [
      'no vCPU',
      state({ registers: { ...registers, redistributors: [] } }),
      'expected the registers of 1 to 512 redistributors',
      15,
    ],
    ['no region', state({ regions: [] }), 'expected 1 to 64 memory regions, found 0', 15],
    [
      'an ITS of more than 32 bits',
      state({ registers: { ...registers, itses: [{ ...its, iidr: 2 ** 32 }] } }),
      'GITS_IIDR of 32 bits',
      15,
    ],
    ['a byte that changed', damaged(40, 0xee), 'expected the checksum 0x', state().length - 8],
    ['two regions at one place', state({ regions: [...regions, ...regions] }), 'RAM blocks apart from each other', 15],
    ['a region of half a page', state({ regions: [{ base: RAM, bytes: 0x800 }] }), 'slots of whole pages in region 0', 15],
    ['a region of exabytes', state({ regions: [{ base: RAM, bytes: 2 ** 60 }] }), 'expected whole pages of RAM below 2^52', 15],
  ])('is of %s', async (_, bytes, message, offset) => {
    const refused = open(bytes, memory())
    await expect(refused).rejects.toThrow(FormatError)
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toMatchObject({ file: 'vmstate', offset })
  })

  it('is larger than Firecracker reads', async () => {
    const huge = { ...bytesSource(state()), byteLength: 2 ** 40 }
    const refused = openSavedMachine([{ name: 'vmstate', source: huge }, memory()])
    await expect(refused).rejects.toThrow('expected a state of at most 10000000 bytes')
  })

  const readable = (bytes: Uint8Array): boolean => {
    try {
      ramLayout(readVmstate(bytes))
      return true
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError)
      return false
    }
  }

  it.each(['1.13', '1.14', 'main'] as const)('ends anywhere before its end: %s', (release) => {
    const whole = state({ msi: [fn], virtio: [disk] }, release)
    expect(readable(whole)).toBe(true)
    for (let end = 0; end < whole.length; end += 3) expect(readable(whole.subarray(0, end))).toBe(false)
  })

  it.each(['1.13', '1.14', 'main'] as const)(
    'has another byte, and a checksum that holds, or is another state: %s',
    (release) => {
      const whole = state({ msi: [fn], virtio: [disk] }, release)
      const ends = { min: 9, max: whole.length - 9 }
      fc.assert(
        fc.property(fc.integer(ends), fc.nat(255), (at, byte) => {
          readable(withCrc(damaged(at, byte, whole).subarray(0, -8)))
        }),
        { numRuns: 200 },
      )
    },
  )
})
