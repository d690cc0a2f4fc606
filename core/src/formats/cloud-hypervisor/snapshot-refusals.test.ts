import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesSource, FormatError } from '../index.ts'
import { type SnapshotStyle, snapshotFiles } from '../testing/cloud-hypervisor-writer.ts'
import { open, PAGE, parts, styles, text, with_ } from './testing/some-snapshot.ts'

describe('what is no snapshot that can be read', () => {
  const refused = async (change: (json: string) => string, style: SnapshotStyle = 'v46') =>
    open(await with_(snapshotFiles({ ...parts, style }), 'state.json', text(change)))

  it.each([
    ['under MSHV', (json: string) => json.replace('\\"Kvm\\"', '\\"MshvGicV2M\\"'), 'not of a GICv2m under MSHV'],
    ['of zeros for registers', (json: string) => json.replace(/its_iidr\\":\d+/, 'its_iidr\\":0'), 'saved 0 for every register'],
    ['of x86', (json: string) => json.replace('gic-v3-its', 'ioapic'), 'a component "gic-v3-its"'],
    [
      'of 65 bits',
      (json: string) => json.replace(/its_cbaser\\":\d+/, 'its_cbaser\\":18446744073709551616'),
      'a whole number below 18446744073709551616',
    ],
    ['of one word less', (json: string) => json.replace('\\"rdist\\":[0,', '\\"rdist\\":['), '24 words for each vCPU'],
    ['of 7 BASERs', (json: string) => json.replace(',0]}}"', ']}}"'), '8 GITS_BASER registers'],
    [
      'without RAM',
      (json: string) => json.replace(/\{\\"gpa\\":4294967296,\\"length\\":4096\},/, ''),
      'memory-ranges: at byte 0x3000',
    ],
    ['of RAM in itself', (json: string) => json.replaceAll('4294967296', '1073741824'), 'RAM blocks apart from each other'],
    ['of RAM past 2^52', (json: string) => json.replaceAll('4294967296', '4503599627370496'), 'RAM below 2^52'],
    ['of half a page', (json: string) => json.replaceAll('4294967296', '4294967297'), 'whole pages of RAM'],
  ])('is refused with the reason: one %s', async (_, change, because) => {
    await expect(refused(change)).rejects.toThrow(FormatError)
    await expect(refused(change)).rejects.toThrow(because)
  })

  it('is refused with the byte of state.json when it is of v24 or older, whose GIC is no JSON', async () => {
    const old = refused(
      (json) => json.replace('gic-v3-its-section","snapshot":[123,', 'gic-v3-its-section","snapshot":[2,'),
      'v25',
    )
    await expect(old).rejects.toThrow(
      /^state\.json: at byte 0x[0-9a-f]+: expected the state of a GIC as JSON, as Cloud Hypervisor v25 and later have it/,
    )
  })

  it('is refused without the file that holds its RAM, or with one of another length', async () => {
    const files = snapshotFiles(parts)
    await expect(open(files.filter(({ name }) => name !== 'memory-ranges'))).rejects.toThrow(
      'expected the file memory-ranges with this RAM beside state.json',
    )
    await expect(open(await with_(files, 'memory-ranges', (bytes) => bytes.subarray(0, PAGE)))).rejects.toThrow(
      'memory-ranges: at byte 0x1000: expected 16384 bytes of RAM, as state.json has it, found 4096',
    )
  })

  it('is refused at every byte at which state.json may end, with that byte or the word that is cut', async () => {
    const files = snapshotFiles({ ...parts, style: 'v39' })
    const { source } = files.find(({ name }) => name === 'state.json')!
    const cut = (bytes: number) => with_(files, 'state.json', (all) => all.subarray(0, bytes))
    // Where it begins and ends every byte, and between them one in a hundred.
    for (let at = 24; at < source.byteLength; at += at < 150 || at > source.byteLength - 50 ? 1 : 97) {
      const error = await open(await cut(at)).catch((reason: unknown) => reason)
      expect(error, `${at}`).toBeInstanceOf(FormatError)
      expect(error).toMatchObject({ file: 'state.json' })
      // A word that is cut is wrong where it begins.
      expect(at - (error as FormatError).offset, `${at}`).toBeOneOf([0, 1, 2, 3])
    }
  })

  it('is refused with its name and byte where a million arrays are inside each other, alone in its folder too', async () => {
    const deep = { name: 'x/state.json', source: bytesSource(new Uint8Array(Buffer.from(`{"snapshots":${'['.repeat(1e6)}`))) }
    await expect(open([deep])).rejects.toThrow(
      'x/state.json: at byte 0x8c: expected at most 128 objects and arrays inside each other',
    )
    await expect(open([deep, ...snapshotFiles(parts).slice(2)])).rejects.toThrow(
      'x/state.json: at byte 0x8c: expected at most 128',
    )
  })

  it.each(styles)('is opened or refused, and nothing else, whichever of its bytes are others: as %s writes it', async (style) => {
    const files = snapshotFiles({ ...parts, style })
    const { source } = files.find(({ name }) => name === 'state.json')!
    const damage = fc.array(fc.tuple(fc.nat(source.byteLength - 1), fc.nat(255)), { minLength: 1, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(damage, async (bytes) => {
        const damaged = await with_(files, 'state.json', (all) => {
          const copy = all.slice()
          for (const [at, byte] of bytes) copy[at] = byte
          return copy
        })
        const outcome = await open(damaged).catch((error: unknown) => error)
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(FormatError)
      }),
      { numRuns: 60 },
    )
  })

  it('is refused where lengths in bytes of versionize lie', async () => {
    const lie = (json: string) => json.replace('"snapshot_data":[2,0,0,0,0,0,0,0,', '"snapshot_data":[2,0,0,0,0,0,0,1,')
    await expect(refused(lie, 'v29')).rejects.toThrow(/at byte 8 of the state of memory, found a length of 72057594037927938/)
  })
})
