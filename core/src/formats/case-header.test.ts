import { describe, expect, it } from 'vitest'
import { VIRT_ITS } from '../abi/index.ts'
import { gpa, PAGE_BYTES } from '../memory/index.ts'
import { type CaseHeader, type CaseVersion, caseHeaderJson, readCaseHeader } from './case-header.ts'
import { FormatError } from './index.ts'
import { PageRuns } from './page-runs.ts'
import { someRegisters } from './testing/stream-writer.ts'

const RAM = gpa(0x4000_0000)
const facts: CaseHeader = {
  origin: { vmm: 'qemu', ram: 'stream', container: { kind: 'plain' } },
  machine: 'virt-7.2',
  registers: someRegisters,
  blocks: [],
  ranges: [{ base: RAM, bytes: 8 * PAGE_BYTES }],
  unlocated: [],
  msi: [],
  virtio: [],
  vcpus: [],
  pages: new PageRuns([]),
  zeros: new PageRuns([]),
}

type Members = Readonly<Record<string, unknown>>
const written = () =>
  JSON.parse(caseHeaderJson(facts)) as Members & { registers: Members & { itses: Members[]; redistributors: Members[] } }

/** The header with some members changed. */
function read(change: Members, version: CaseVersion = 2): CaseHeader {
  return readCaseHeader(JSON.stringify({ ...written(), ...change }), 16, version)
}
const withIts = (change: Members) => ({
  registers: { ...written().registers, itses: [{ ...written().registers.itses[0], ...change }] },
})
const withVcpus = (ids: readonly number[]) => ({
  registers: {
    ...written().registers,
    redistributors: ids.map((vcpuId) => ({ ...written().registers.redistributors[0], vcpuId })),
  },
})

/** As version 1 wrote it: one ITS, and of the origin the words. */
function first(change: Members = {}): CaseHeader {
  const { origin: _, registers, ...header } = written()
  const { itses, ...rest } = registers
  const { base: __, ...its } = itses[0]!
  const whole = { ...header, format: 'QEMU stream', itsCount: 1, registers: { ...rest, its }, ...change }
  return readCaseHeader(JSON.stringify(whole), 16, 1)
}

describe('the words of a case of version 1', () => {
  it.each([
    ['QEMU stream', 'stream', { kind: 'plain' }],
    ['QEMU mapped-ram file', 'mapped-ram', { kind: 'plain' }],
    ['QEMU stream in a libvirt save', 'stream', { kind: 'libvirt', storage: 'raw' }],
    ['QEMU mapped-ram file in a libvirt save', 'mapped-ram', { kind: 'libvirt', storage: 'raw' }],
    ['QEMU stream in a libvirt save (gzip)', 'stream', { kind: 'libvirt', storage: 'gzip' }],
    ['QEMU stream in a libvirt save (zstd)', 'stream', { kind: 'libvirt', storage: 'zstd' }],
    ['QEMU stream in qcow2 snapshot "a "b""', 'stream', { kind: 'qcow2', snapshot: 'a "b"' }],
    ['QEMU stream in qcow2 snapshot ""', 'stream', { kind: 'qcow2', snapshot: '' }],
  ])('tell what the machine was saved as: %s', (format, ram, container) => {
    expect(first({ format }).origin).toEqual({ vmm: 'qemu', ram, container })
  })

  it.each(['', 'a QEMU stream', 'QEMU stream!', 'QEMU stream in a libvirt save (xz)', 'QEMU stream (gzip)', 'QEMU file'])(
    'are refused: "%s"',
    (format) => {
      expect(() => first({ format })).toThrow('expected what a machine was saved as in the header of a case')
    },
  )

  it('go with one ITS at the address of the virt machine', () => {
    expect(first().registers).toEqual(someRegisters)
    expect(first({ itsCount: 3 }).registers).toEqual({ ...someRegisters, unreadItses: 2 })
    expect(someRegisters.itses[0]!.base).toBe(VIRT_ITS)
  })
})

describe('the header of a case', () => {
  const refusing = (members: Members, message: string) => {
    expect(() => read(members)).toThrow(FormatError)
    expect(() => read(members)).toThrow(message)
    expect(() => read(members)).toThrow('at byte 0x10: ')
  }

  it('that is no JSON is shown by its first characters', () => {
    const text = 'x'.repeat(100)
    expect(() => readCaseHeader(text, 16, 2)).toThrow(FormatError)
    try {
      readCaseHeader(text, 16, 2)
    } catch (error) {
      expect(error).toMatchObject({ offset: 16, found: 'x'.repeat(40) })
    }
  })

  const page = (n: number) => `0x${(n * PAGE_BYTES).toString(16)}`
  it.each<[string, string, readonly (readonly [number, number])[]]>([
    ['RAM of 16 TiB', 'ranges', [[0, 2 ** 32]]],
    [
      'RAM of 16 TiB in pieces',
      'ranges',
      [
        [0, 2 ** 31],
        [2 ** 31, 2 ** 31],
      ],
    ],
    ['RAM up to 2^52', 'ranges', [[2 ** 40 - 8, 8]]],
    ['everything where RAM may be', 'unlocated', [[0, 2 ** 40]]],
    [
      'pages apart and side by side',
      'zeros',
      [
        [1, 2],
        [3, 1],
        [9, 4],
      ],
    ],
    ['2^24 pages', 'pages', [[0, 2 ** 24]]],
  ])('may have %s', (_, member, runs) => {
    const header = read({ [member]: runs.map(([at, count]) => [page(at), count]) })
    const found = member === 'pages' || member === 'zeros' ? header[member].ranges : header[member as 'ranges' | 'unlocated']
    expect(found).toEqual(runs.map(([at, count]) => ({ base: at * PAGE_BYTES, bytes: count * PAGE_BYTES })))
  })

  it.each<[string, string, readonly (readonly [string, number])[], string]>([
    ['no RAM', 'ranges', [], 'guest RAM in the header of a case, found "none"'],
    ['RAM of 16 TiB and a page', 'ranges', [[page(0), 2 ** 32 + 1]], 'a count'],
    [
      'RAM of 16 TiB and a page in pieces',
      'ranges',
      [
        [page(0), 2 ** 31],
        [page(2 ** 31), 2 ** 31 + 1],
      ],
      'a count',
    ],
    ['RAM beyond 2^52', 'ranges', [[page(2 ** 40 - 8), 9]], 'pages below 2^52'],
    ['a run of nothing', 'ranges', [[page(0), 0]], 'runs of pages in order'],
    [
      'runs that overlap',
      'zeros',
      [
        [page(1), 2],
        [page(2), 1],
      ],
      'runs of pages in order',
    ],
    [
      'runs in disorder',
      'zeros',
      [
        [page(9), 1],
        [page(2), 1],
      ],
      'runs of pages in order',
    ],
    ['a run inside a page', 'zeros', [['0x40000800', 1]], 'runs of pages in order'],
    ['more pages than may follow', 'pages', [[page(0), 2 ** 24 + 1]], 'a count'],
    ['more where RAM may be than there is', 'unlocated', [[page(0), 2 ** 40 + 1]], 'a count'],
  ])('is refused with %s', (_, member, runs, message) => {
    refusing({ [member]: runs }, message)
  })

  it.each<[string, Members, string]>([
    ['no redistributor', withVcpus([]), '1 to 512 redistributors'],
    ['513 of them', withVcpus(Array.from({ length: 513 }, (_, id) => id)), '1 to 512 redistributors'],
    ['a processor number of more than 16 bits', withVcpus([0, 0x1_0000]), 'a count in the header of a case, found 65536'],
    ['one vCPU twice', withVcpus([0, 1, 0]), 'one redistributor for each vCPU in the header of a case, found 0'],
    ['an ITS at 2^52', withIts({ base: '0x10000000000000' }), 'the address of an ITS'],
    ['an ITS inside 64 KiB', withIts({ base: '0x8081000' }), 'the address of an ITS'],
    ['nine BASERs', withIts({ baser: new Array(9).fill('0x0') }), '8 BASERs'],
    ['a block of 2^52 bytes', { blocks: [{ name: 'a', bytes: 2 ** 52 }] }, 'a count'],
  ])('is refused with %s', (_, members, message) => {
    refusing(members, message)
  })

  it('may have an ITS at any other 64 KiB, and up to 256 of them', () => {
    expect(read(withIts({ base: '0xfffffffff0000' })).registers.itses[0]!.base).toBe(0xf_ffff_ffff_0000)
    const itses = Array.from({ length: 256 }, () => ({ ...written().registers.itses[0], base: undefined }))
    expect(read({ registers: { ...written().registers, itses } }).registers.itses.length).toBe(256)
    refusing({ registers: { ...written().registers, itses: [...itses, itses[0]!] } }, '1 to 256 ITSes')
  })

  it('may have 512 vCPUs with any numbers', () => {
    const ids = Array.from({ length: 512 }, (_, id) => 3 * id)
    expect(read(withVcpus(ids)).registers.redistributors.map(({ vcpuId }) => vcpuId)).toEqual(ids)
  })

  it('may lack what older ones did not tell', () => {
    const header = read({ blocks: undefined, unlocated: undefined })
    expect([header.blocks, header.unlocated]).toEqual([[], []])
  })

  const vector = { address: '0x8090040', data: 5, masked: false }
  const fn = { name: 'nic', deviceId: 8, kind: 'MSI', enabled: true }
  it.each([
    ['what it says', { kind: 'elsewhere' }, { kind: 'elsewhere' }],
    ['that it is not set', { kind: 'unset' }, { kind: 'unset' }],
    ['which ITS it is', { kind: 'translated', its: 0 }, { kind: 'translated', its: 0 }],
    ['nothing, but its address does', undefined, { kind: 'translater', its: 0 }],
  ])('tells of a vector %s', (_, target, expected) => {
    const { msi } = read({ msi: [{ ...fn, vectors: [{ ...vector, target }] }] })
    expect(msi).toEqual([{ ...fn, vectors: [{ ...vector, address: 0x8090040n, target: expected }] }])
  })

  it('tells the place of a function on its bus in 16 bits', () => {
    expect(read({ msi: [{ ...fn, routingId: 0xffff, vectors: [] }] }).msi[0]!.routingId).toBe(0xffff)
    refusing({ msi: [{ ...fn, routingId: 0x10000, vectors: [] }] }, 'a count')
  })

  it('cannot name an ITS that it does not have', () => {
    refusing({ msi: [{ ...fn, vectors: [{ ...vector, target: { kind: 'translater', its: 1 } }] }] }, 'a count')
  })
})
