import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { gpa } from '../memory/index.ts'
import {
  bytesSource,
  type Container,
  FormatError,
  type MachineFile,
  openSavedMachine,
  type SavedMachine,
  type WriteBack,
  writeCase,
} from './index.ts'
import { fixtureBytes } from './testing/fixtures.ts'
import { libvirtSave, XML_BYTES } from './testing/libvirt-writer.ts'
import { packedFixture } from './testing/packed-fixtures.ts'
import { packers } from './testing/packers.ts'
import { writeQcow2 } from './testing/qcow2-writer.ts'
import { type StreamParts, someRegisters, writeStream } from './testing/stream-writer.ts'

const RAM = gpa(0x4000_0000)
const page = new Uint8Array(4096).fill(0x5a)
const small: StreamParts = {
  blocks: [{ name: 'mach-virt.ram', bytes: 0x4000 }],
  sections: [[{ block: 'mach-virt.ram', page: 2, contents: page }]],
}

const open = (bytes: Uint8Array) => openSavedMachine(bytesSource(bytes))

async function expectPage(machine: SavedMachine): Promise<void> {
  const memory = machine.memory()
  await machine.load(memory, machine.ranges)
  const expected = new Uint8Array(0x4000)
  expected.set(page, 0x2000)
  expect(memory.read(RAM, 0x4000)).toEqual(expected)
  expect(machine.registers).toEqual(someRegisters)
}

describe('a libvirt save', () => {
  it.each([
    ['raw', libvirtSave(writeStream(small)), 'QEMU stream in a libvirt save'],
    ['from a big-endian host', libvirtSave(writeStream(small), { big: true }), 'QEMU stream in a libvirt save'],
    ...Object.entries(packers).map(([name, { storage, pack }]): [string, Uint8Array, string] => [
      `packed with ${name}`,
      libvirtSave(pack(writeStream(small)), { storage }),
      `QEMU stream in a libvirt save (${name})`,
    ]),
    [
      'sparse',
      libvirtSave(
        writeStream({ blocks: small.blocks!, mapped: { 'mach-virt.ram': new Map([[2, page]]) }, startsAt: 92 + XML_BYTES }),
        { storage: 6 },
      ),
      'QEMU mapped-ram file in a libvirt save',
    ],
  ])('gives the VM inside: %s', async (_, bytes, format) => {
    const machine = await open(bytes)
    expect(machine.format).toBe(format)
    await expectPage(machine)
  })

  it.each([
    ['never finished', libvirtSave(new Uint8Array(9), { magic: 'LibvirtQemudPart' }), 'never finished'],
    ['packed with xz, and is not', libvirtSave(new Uint8Array(200), { storage: 3 }), 'at byte 0x188: expected an xz stream'],
    ['packed in an unknown way', libvirtSave(new Uint8Array(9), { storage: 77 }), 'found method 77'],
    ['of another version', libvirtSave(new Uint8Array(9), { version: 9 }), 'found 9'],
    ['with XML to the end of the file', libvirtSave(new Uint8Array(0)), 'XML that is followed'],
    ['damaged inside', libvirtSave(new Uint8Array(200)), 'at byte 0x188: expected a QEMU migration stream'],
  ])('is refused with the reason: %s', async (_, bytes, message) => {
    await expect(open(bytes)).rejects.toThrow(FormatError)
    await expect(open(bytes)).rejects.toThrow(message)
  })

  it('of a real VM leads to its stream, behind 64 KiB of XML', async () => {
    await expect(open(fixtureBytes('libvirt.save'))).rejects.toThrow("at byte 0x99c52: expected GITS_IIDR of KVM's ITS")
  })
})

describe('a qcow2 image', () => {
  it('gives the VM of its snapshot, whatever the order of its clusters', async () => {
    const machine = await open(writeQcow2(writeStream(small)))
    expect(machine.format).toBe('QEMU stream in qcow2 snapshot "saved"')
    await expectPage(machine)
  })

  it('made by savevm holds the registers and tables of its guest', async () => {
    const machine = await open(fixtureBytes('savevm.qcow2'))
    expect([machine.machine, machine.ranges]).toEqual(['virt-7.2', [{ base: RAM, bytes: 96 << 20 }]])
    expect(machine.registers.itses[0]!.baser.slice(0, 2)).toEqual([0xf9070000429b0600n, 0xbc070000429c0600n])
    const memory = machine.memory()
    await machine.load(memory, [{ base: gpa(0x429c0000), bytes: 16 }])
    expect([0, 4, 8, 12].map((at) => memory.u32(gpa(0x429c0000 + at)))).toEqual([0, 0x80000000, 0x10001, 0x80000000])
  })

  const whole = writeQcow2(writeStream(small))
  it.each([
    ['a version of the future', 4, 0, 'version 2 or 3'],
    ['clusters of 4 GiB', 20, 0, '9 to 21 cluster bits'],
    ['no snapshot', 60, 0, 'an internal snapshot'],
    ['an external data file', 76, 4, 'without data file'],
    ['a VM state larger than the image', 512 + 40, 1, 'a VM state inside the image'],
    ['an L1 table that is too short', 512 + 8, 0, 'an L1 table'],
  ])('is refused with %s', async (_, at, value, message) => {
    const bytes = whole.slice()
    new DataView(bytes.buffer).setUint32(at, value)
    await expect(open(bytes)).rejects.toThrow(FormatError)
    await expect(open(bytes)).rejects.toThrow(message)
  })

  it('is refused at every length at which a part of the VM is missing', async () => {
    for (let length = 0; length < whole.length - 512; length += 3) {
      await expect(open(whole.subarray(0, length)).then(expectPage)).rejects.toThrow(FormatError)
    }
  })
})

describe('a compressed file', () => {
  it.each(Object.entries(packers))('gives what is packed in it as a whole with %s', async (compression, { pack }) => {
    for (const inside of [writeStream(small), libvirtSave(writeStream(small))]) {
      const machine = await open(pack(inside))
      expect(machine.files).toMatchObject([{ compression }])
      await expectPage(machine)
    }
  })

  it.each(['numa.mig.bz2', 'numa.mig.xz'])('of a real VM holds the same VM: %s', async (file) => {
    const [packed, plain] = await Promise.all([open(packedFixture(file)), open(fixtureBytes('numa.mig'))])
    expect(packed.registers).toEqual(plain.registers)
    const saved = await open(libvirtSave(packedFixture(file), { storage: file.endsWith('.xz') ? 3 : 2 }))
    expect([saved.registers, saved.ranges]).toEqual([plain.registers, plain.ranges])
  })
})

const plain = { kind: 'plain' } as const
const inPlace = { to: 'files' } as const
const asCopy = { to: 'copies', because: 'compressed' } as const

describe('a machine', () => {
  const stream = writeStream(small)
  it.each<[string, Uint8Array, Container, WriteBack]>([
    ['stream', stream, plain, inPlace],
    ['compressed stream', gzipSync(stream), plain, asCopy],
    ['libvirt save', libvirtSave(stream), { kind: 'libvirt', storage: 'raw' }, inPlace],
    ['packed libvirt save', libvirtSave(gzipSync(stream), { storage: 1 }), { kind: 'libvirt', storage: 'gzip' }, asCopy],
    ['compressed libvirt save', gzipSync(libvirtSave(stream)), { kind: 'libvirt', storage: 'raw' }, asCopy],
    ['snapshot', writeQcow2(stream), { kind: 'qcow2', snapshot: 'saved' }, { to: 'nowhere', because: 'qcow2' }],
  ])('knows what it came in, and how it can be written back: %s', async (_, bytes, container, writeBack) => {
    const machine = await open(bytes)
    expect([machine.kind, machine.origin, machine.writeBack]).toEqual([
      'qemu',
      { vmm: 'qemu', ram: 'stream', container },
      writeBack,
    ])
    const packed = gzipSync(await writeCase(machine, machine.memory(), machine.ranges))
    const small = await open(packed)
    expect([small.kind, small.origin, small.writeBack]).toEqual(['case', machine.origin, asCopy])
  })

  it('of one file has no other beside it: says which of them shows that', async () => {
    const file = (name: string, bytes: Uint8Array) => ({ name, source: bytesSource(bytes) })
    const [one, other] = [file('vm.state', stream), file('vm.mem', Uint8Array.of(1, 2, 3))]
    const text = (files: readonly MachineFile[]) =>
      openSavedMachine(files).catch((error: FormatError) => [error.file, error.message])
    expect(await text([one, other])).toEqual([
      'vm.mem',
      expect.stringContaining('vm.mem: at byte 0x0: expected a file of the saved VM, found one that is no part of it'),
    ])
    expect(await text([one, file('b', stream)])).toEqual(['b', 'b: at byte 0x0: expected one saved VM, found another beside it'])
    expect(await text([one, one])).toEqual(['vm.state', expect.stringContaining('found "vm.state" twice')])
    expect(await text([one, file('cut', gzipSync(stream).subarray(0, 40))])).toEqual([
      'cut',
      expect.stringContaining('cut: at byte 0xa: expected data compressed with gzip'),
    ])
    await expect(openSavedMachine([])).rejects.toThrow(RangeError)
    expect((await openSavedMachine([one])).files).toMatchObject([{ name: 'vm.state' }])
  })

  it('of one file does not name it in errors: there is no other', async () => {
    const failed = openSavedMachine([{ name: 'vm', source: bytesSource(stream.subarray(0, 99)) }])
    await expect(failed).rejects.toMatchObject({ file: undefined, offset: 99 })
  })
})
