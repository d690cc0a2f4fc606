import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GITS_TRANSLATER, type MsiFunction } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import {
  applyEdits,
  bytesSource,
  FormatError,
  type MachineFile,
  openSavedMachine,
  type SavedMachine,
  writeCase,
} from '../index.ts'
import type { CloudHypervisorOrigin } from '../origin.ts'
import {
  exactJson,
  type SnapshotParts,
  type SnapshotStyle,
  snapshotFiles,
  snapshotIts,
} from '../testing/cloud-hypervisor-writer.ts'
import { someRegisters } from '../testing/stream-writer.ts'

const styles: readonly SnapshotStyle[] = ['v25', 'v29', 'v39', 'v46']
const PAGE = 4096
const page = (fill: number): Uint8Array => new Uint8Array(PAGE).fill(fill)
const pages = (...fills: readonly number[]): Uint8Array => new Uint8Array(Buffer.concat(fills.map(page)))
const gpa = (at: number): Gpa => at as Gpa

const its = snapshotIts(2)
const doorbell = BigInt(its + GITS_TRANSLATER)
const vector = (data: number) => ({ address: doorbell, target: { kind: 'translater', its: 0 }, data, masked: false }) as const
const msi: readonly MsiFunction[] = [
  { name: 'disk', deviceId: 0x18, kind: 'MSI-X', enabled: true, vectors: [vector(0), { ...vector(1), masked: true }] },
  {
    name: 'far',
    deviceId: 0x108,
    kind: 'MSI-X',
    enabled: false,
    vectors: [{ address: 0n, target: { kind: 'unset' }, data: 0, masked: true }],
  },
  { name: 'hidden', deviceId: 0x110, kind: 'unread', enabled: false, vectors: [] },
]
const parts: SnapshotParts = {
  registers: someRegisters,
  ram: [
    { base: gpa(0x4000_0000), bytes: pages(1, 2, 3) },
    { base: gpa(0x1_0000_0000), bytes: pages(4) },
  ],
  msi,
}

const open = (files: readonly MachineFile[]): Promise<SavedMachine> => openSavedMachine(files)
const opened = (more: Partial<SnapshotParts> = {}): Promise<SavedMachine> => open(snapshotFiles({ ...parts, ...more }))

/** The first byte of each page. */
async function fills(vm: SavedMachine): Promise<number[]> {
  const memory = vm.memory()
  await vm.load(memory, vm.ranges)
  return vm.ranges.flatMap(({ base, bytes }) => Array.from({ length: bytes / PAGE }, (_, i) => memory.u8(gpa(base + i * PAGE))))
}

/** The files with the bytes of one replaced. */
function with_(files: readonly MachineFile[], name: string, change: (bytes: Uint8Array) => Uint8Array): Promise<MachineFile[]> {
  return Promise.all(
    files.map(async (file) => {
      if (file.name !== name) return file
      return { name, source: bytesSource(change(await file.source.slice(0, file.source.byteLength))) }
    }),
  )
}

const text = (change: (json: string) => string) => (bytes: Uint8Array) =>
  new Uint8Array(Buffer.from(change(Buffer.from(bytes).toString())))

describe.each(styles)('a snapshot of Cloud Hypervisor as %s and the versions after it write them', (style) => {
  it('has the registers of the ITS and of each redistributor, and the address of the ITS by the number of vCPUs', async () => {
    const { registers, origin, format, machine } = await opened({ style })
    expect(registers).toEqual({ ...someRegisters, itses: [{ ...someRegisters.itses[0]!, base: its }] })
    expect(its).toBe(0x08f9_0000)
    expect(origin).toMatchObject({ vmm: 'cloud-hypervisor', versions: expect.stringMatching(`^${style}`) })
    expect([format, machine]).toEqual(['Cloud Hypervisor snapshot', (origin as CloudHypervisorOrigin).versions])
  })

  it('has RAM as its table of ranges orders it, which need not be by address', async () => {
    const vm = await opened({ style })
    expect(vm.ranges).toEqual([
      { base: 0x4000_0000, bytes: 3 * PAGE },
      { base: 0x1_0000_0000, bytes: PAGE },
    ])
    expect(await fills(vm)).toEqual([1, 2, 3, 4])
    expect(vm.missingPages(vm.ranges)).toEqual([])
  })

  it('has the MSI-X state of its functions, by the segment and the devfn that KVM is told', async () => {
    const functions = (await opened({ style })).msi
    expect(functions.map(({ name, deviceId, routingId, kind, enabled }) => [name, deviceId, routingId, kind, enabled])).toEqual([
      ['0000:00:03.0/_vfio0', 0x18, undefined, 'MSI-X', true],
      ['0001:00:01.0/_vfio1', 0x108, 0x08, 'MSI-X', false],
      ['0001:00:02.0/_vfio2', 0x110, 0x10, 'unread', false],
    ])
    expect(functions[0]!.vectors).toEqual(msi[0]!.vectors)
    expect(functions[1]!.vectors).toEqual(msi[1]!.vectors)
  })

  it('is written back in place: words of RAM in memory-ranges, words of registers in state.json, and nothing else changes', async () => {
    const files = snapshotFiles({ ...parts, style })
    const vm = await open(files)
    const changed = page(2)
    changed.set([9, 9], 8)
    const registers = {
      ...vm.registers,
      redistributors: vm.registers.redistributors.map((one) => ({ ...one, pendbaser: one.pendbaser + 0x1_0001_0000n })),
    }
    const edits = await vm.edits(new Map([[gpa(0x4000_1000), changed]]), registers)
    const memory = edits.find(({ file }) => file.name === 'memory-ranges')!
    expect(memory.edits).toEqual([{ offset: 2 * PAGE + 8, remove: 8, insert: Uint8Array.of(9, 9, 2, 2, 2, 2, 2, 2) }])
    const state = edits.find(({ file }) => file.name === 'state.json')!
    const pieces: Uint8Array[] = []
    for await (const piece of applyEdits(state.file.source, state.edits)) pieces.push(piece)
    const expected = snapshotFiles({ ...parts, style, registers }).find(({ name }) => name === 'state.json')!.source
    expect(Buffer.concat(pieces).toString()).toBe(Buffer.from(await expected.slice(0, expected.byteLength)).toString())
    expect(state.edits.reduce((sum, { remove }) => sum + remove, 0)).toBeLessThan(200)
  })

  it('is told to hold the registers of vCPU 0 for all where they are alike, but not where the version read each one’s own', async () => {
    const [first] = someRegisters.redistributors
    const alike = { ...someRegisters, redistributors: [first!, { ...first!, vcpuId: 1 }] }
    const { redistributors } = (await opened({ style, registers: alike })).registers
    expect(redistributors.map(({ copyOf }) => copyOf)).toEqual([undefined, style === 'v25' ? undefined : 0])
    const off = { ...alike, redistributors: alike.redistributors.map((one) => ({ ...one, ctlr: 0 })) }
    expect((await opened({ style, registers: off })).registers.redistributors[1]).not.toHaveProperty('copyOf')
  })
})

describe('RAM of a zone whose file stays where it is', () => {
  const zones = [{ id: 'shared', file: '/srv/vm/shared.ram', pieces: [1, 0] }]

  it('is read from that file when it lies beside, from where the mapping says', async () => {
    const vm = await opened({ zones })
    expect(await fills(vm)).toEqual([1, 2, 3, 4])
    expect(vm.missingPages(vm.ranges)).toEqual([])
    expect(vm.files.map(({ name }) => name)).toEqual(['state.json', 'config.json', 'shared.ram'])
  })

  it('is known to be there and missing when the file is not beside', async () => {
    const files = snapshotFiles({ ...parts, zones: [{ ...zones[0]!, pieces: [1] }] }).filter(({ name }) => name !== 'shared.ram')
    const vm = await open(files)
    expect(vm.ranges).toHaveLength(2)
    expect(vm.missingPages(vm.ranges)).toEqual([0x1_0000_0000])
    expect(await fills(vm)).toEqual([1, 2, 3, 0])
  })

  it('is refused when the file is too short for it', async () => {
    const files = await with_(snapshotFiles({ ...parts, zones }), 'shared.ram', (bytes) => bytes.subarray(1))
    await expect(open(files)).rejects.toThrow('shared.ram: at byte 0x3fff: expected 16384 bytes in the file of the zone "shared"')
  })
})

describe('a virtio device', () => {
  const queue = {
    max_size: 256,
    size: 128,
    ready: true,
    desc_table: 0x4000_0000,
    avail_ring: 0x4000_1000,
    used_ring: 0x4000_2000,
  }
  const devices = {
    _disk0: { state: { disk_path: '/disk', acked_features: 1n << 32n } },
    '_virtio-pci-_disk0': {
      state: { device_activated: true, queues: [queue, { ...queue, ready: false }] },
      children: {
        pci_configuration: { state: { registers: [0x1042_1af4] } },
        virtio_pci_common_config: { state: { driver_status: 15, msix_config: 0, msix_queues: [1, 0xffff] } },
        msix_config: {
          state: {
            table_entries: [{ msg_addr_lo: Number(doorbell), msg_addr_hi: 0, msg_data: 3, vector_ctl: 0 }],
            pba_entries: [0],
            masked: false,
            enabled: true,
          },
        },
      },
    },
  }
  const tree = {
    _disk0: { id: '_disk0', resources: [], parent: '_virtio-pci-_disk0', children: [] },
    '_virtio-pci-_disk0': { id: '_virtio-pci-_disk0', resources: [], children: ['_disk0'], pci_bdf: '0000:00:03.0' },
  }

  it('has its kind, and of each queue the vector; how far it has come is not in the file', async () => {
    const vm = await opened({ devices, tree, msi: [] })
    expect(vm.msi).toEqual([{ name: '0000:00:03.0/_disk0', deviceId: 0x18, kind: 'MSI-X', enabled: true, vectors: [vector(3)] }])
    expect(vm.virtio).toMatchObject([
      { name: '0000:00:03.0/_disk0', deviceId: 0x18, kind: 'blk', status: 15, features: 1n << 32n, configVector: 0 },
    ])
    expect(vm.virtio[0]!.queues.map(({ size, vector, place }) => [size, vector, place.kind])).toEqual([
      [128, 1, 'uncounted'],
      [128, undefined, 'unset'],
    ])
  })
})

describe('a case of a snapshot', () => {
  it('opens like the snapshot itself', async () => {
    const [first] = someRegisters.redistributors
    const vm = await opened({ registers: { ...someRegisters, redistributors: [first!, { ...first!, vcpuId: 1 }] } })
    const same = await openSavedMachine(bytesSource(await writeCase(vm, vm.memory(), vm.ranges)))
    for (const member of ['origin', 'machine', 'registers', 'ranges', 'msi', 'virtio'] as const) {
      expect(same[member], member).toEqual(vm[member])
    }
    expect(same.format).toBe('case of a Cloud Hypervisor snapshot')
  })
})

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

describe('state.json', () => {
  it('that another program wrote of a real VM has its registers', async () => {
    const read = (name: string) => ({
      name,
      source: bytesSource(readFileSync(new URL(`../../../../fixtures/formats/cloud-hypervisor-53/${name}`, import.meta.url))),
    })
    const ram = {
      name: 'memory-ranges',
      source: { byteLength: 64 << 20, slice: async (start: number, end: number) => new Uint8Array(end - start) },
    }
    const vm = await open([read('state.json'), read('config.json'), ram])
    expect(vm.machine).toBe('v46 or later')
    expect(vm.registers).toEqual({
      itses: [
        {
          base: 0x8f9_0000,
          ctlr: 0x8000_0001,
          iidr: 0x4b00_043b,
          cbaser: 0xb800_0000_429a_040fn,
          cwriter: 0x7a0n,
          creadr: 0x7a0n,
          baser: [0xf907_0000_429b_0600n, 0xbc07_0000_429c_0600n, 0n, 0n, 0n, 0n, 0n, 0n],
        },
      ],
      redistributors: [
        { vcpuId: 0, ctlr: 7, propbaser: 0x429d_078fn, pendbaser: 0x429e_0780n },
        { vcpuId: 1, ctlr: 7, propbaser: 0x429d_078fn, pendbaser: 0x429f_0780n },
      ],
    })
  })

  it('is read whatever the order of its members and however it is spaced', async () => {
    const files = await with_(
      snapshotFiles(parts),
      'state.json',
      text((json) => {
        const { snapshots, snapshot_data } = JSON.parse(json) as Record<string, unknown>
        return JSON.stringify({ snapshot_data, snapshots }, null, 2)
      }),
    )
    expect((await open(files)).registers.itses[0]!.cbaser).toBe(someRegisters.itses[0]!.cbaser)
  })

  it('is written with every bit of its integers', () => {
    expect(exactJson({ a: [2n ** 64n - 1n, 1, 'x"', null] })).toBe('{"a":[18446744073709551615,1,"x\\"",null]}')
  })
})
