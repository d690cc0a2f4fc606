import { describe, expect, it } from 'vitest'
import { applyEdits, bytesSource, openSavedMachine, writeCase } from '../index.ts'
import type { CloudHypervisorOrigin } from '../origin.ts'
import { snapshotFiles } from '../testing/cloud-hypervisor-writer.ts'
import { someRegisters } from '../testing/stream-writer.ts'
import {
  doorbell,
  fills,
  gpa,
  its,
  msi,
  open,
  opened,
  PAGE,
  page,
  parts,
  styles,
  vector,
  with_,
} from './testing/some-snapshot.ts'

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
