import { describe, expect, it } from 'vitest'
import { GICR_PENDBASER, GITS_BASER, GITS_CBASER, type RedistributorRegisters, type SavedIts, VIRT_ITS } from '../abi/index.ts'
import { type Gpa, GuestMemory } from '../memory/index.ts'
import { type KernelRedistributors, type RedistributorOutcome, readGuestKernel } from './index.ts'
import { BESIDE } from './redistributors.ts'
import { ITS_BASER } from './structs.ts'
import { kernels, LinuxMemory, RAM, releases } from './testing/linux-memory.ts'
import { PAGE_STRUCT_BYTES } from './vmemmap.ts'

const table = { addressHigh: 0, valid: true, pageSize: 2, entrySize: 7 }
const its: SavedIts = {
  base: VIRT_ITS,
  ctlr: 1,
  iidr: 0x43b,
  cbaser: GITS_CBASER.pack({ valid: true, address: RAM + (64 << 20), pages: 15 }),
  cwriter: 0n,
  creadr: 0n,
  baser: [
    GITS_BASER.pack({ ...table, type: 1, indirect: true, addressLow: RAM + (65 << 20) }),
    GITS_BASER.pack({ ...table, type: 4, addressLow: RAM + (66 << 20) }),
    ...new Array<bigint>(6).fill(0n),
  ],
}

const FRAMES = 0x080a_0000
const CONFIGURATION = RAM + (70 << 20)
const pendingTable = (vcpu: number) => CONFIGURATION + (vcpu + 1) * 0x1_0000
const vcpus = (count: number) =>
  Array.from({ length: count }, (_, vcpu) => ({ frame: FRAMES + vcpu * 0x2_0000, pendingTable: pendingTable(vcpu) }))
const disk = { deviceId: 8, itt: RAM + 0x30_0000, lpiBase: 8192, events: { 0: 0 } }

/** Registers that name these pending tables. */
const registers = (...tables: readonly number[]): RedistributorRegisters[] =>
  tables.map((address, vcpuId) => ({
    vcpuId,
    ctlr: 1,
    propbaser: 15n,
    pendbaser: GICR_PENDBASER.pack({ address, innerCache: 7, shareability: 1 }),
  }))

const linux = (count: number, options = {}) => {
  const memory = new LinuxMemory(options)
  memory.its(its, [disk])
  memory.redistributors(vcpus(count), CONFIGURATION)
  return memory
}

async function read(memory: LinuxMemory, saved: readonly RedistributorRegisters[]): Promise<RedistributorOutcome> {
  const options = { itts: [new Map([[disk.itt, [disk.deviceId]]])], redistributors: saved }
  return (await readGuestKernel(memory.ram(), [its], options)).redistributors!
}

function found(outcome: RedistributorOutcome): KernelRedistributors {
  if (!('found' in outcome)) throw new Error(outcome.missing.reason)
  return outcome.found
}

const tables = (outcome: RedistributorOutcome) => found(outcome).vcpus.map(({ vcpuId, pendingTable: at }) => [vcpuId, at])
const reason = (outcome: RedistributorOutcome) => ('missing' in outcome ? outcome.missing.reason : undefined)

describe('the redistributors of the guest kernel', () => {
  it.each(releases)('lie in %s as is believed of all', (release) => {
    const { rdist, rdists, page, its_baser: baser } = kernels[release]!
    const beside = (members: Readonly<Record<string, number>>, from: string, names: object) =>
      Object.fromEntries(Object.keys(names).map((name) => [name, members[name]! - members[from]!]))
    expect(beside(rdist!.members, 'phys_base', BESIDE.phys_base)).toEqual(BESIDE.phys_base)
    expect(beside(rdists!.members, 'prop_table_pa', BESIDE.prop_table_pa)).toEqual(BESIDE.prop_table_pa)
    expect([page!.bytes, baser!.members['order']]).toEqual([PAGE_STRUCT_BYTES, ITS_BASER.order])
  })

  it.each([
    ['4 KiB', 0x1000, 0xffff_0000_0000_0000n],
    ['16 KiB', 0x4000, 0xfff0_0000_0000_0000n],
    ['64 KiB', 0x1_0000, 0xffff_fc00_0000_0000n],
    ['4 KiB, and a linear map that begins in the middle,', 0x1000, 0xffff_0000_0000_0000n + 0x12_3458_0000n],
  ])(
    'tell the pending table of each vCPU, of which the file names one only, with pages of %s',
    async (_, pageBytes, pageOffset) => {
      const memory = linux(4, { pageBytes, pageOffset })
      const all = [0, 1, 2, 3].map((vcpu) => [vcpu, pendingTable(vcpu)])
      for (const known of [0, 3]) {
        const saved = registers(...new Array<number>(4).fill(pendingTable(known)))
        expect(tables(await read(memory, saved))).toEqual(all)
      }
      expect(tables(await read(memory, registers(...all.map(([, at]) => at!))))).toEqual(all)
    },
  )

  it('tell where the table of the configuration is, and where in RAM they say so', async () => {
    const memory = new LinuxMemory()
    memory.its(its, [disk])
    const planted = memory.redistributors(vcpus(2), CONFIGURATION)
    const { configuration, vcpus: said } = found(await read(memory, registers(pendingTable(0), pendingTable(0))))
    expect(configuration).toEqual({ at: memory.member('rdists', 'prop_table_pa', planted.rdists), table: CONFIGURATION })
    expect(said.map(({ at, frame }) => [at, frame])).toEqual(
      planted.vcpus.map((at, vcpu) => [memory.member('rdist', 'pend_page', at), FRAMES + vcpu * 0x2_0000]),
    )
  })

  it('are those of the vCPUs that were brought up, the first among them', async () => {
    const memory = new LinuxMemory()
    memory.its(its, [disk])
    const [first, , third] = vcpus(4)
    memory.redistributors([first!, third!], CONFIGURATION)
    const saved = registers(pendingTable(0), 0, pendingTable(0), 0)
    expect(tables(await read(memory, saved))).toEqual([
      [0, pendingTable(0)],
      [2, pendingTable(2)],
    ])
  })

  it('may lie in two regions, where all were brought up', async () => {
    const memory = new LinuxMemory()
    memory.its(its, [disk])
    const [first, second] = vcpus(2)
    memory.redistributors([first!, { ...second!, frame: 0x40_0000_0000 }], CONFIGURATION)
    expect(tables(await read(memory, registers(pendingTable(0), pendingTable(0))))).toHaveLength(2)
  })

  it('are not believed when no register of the file agrees with them, nor when one alone that is off does', async () => {
    const none = 'no GICR_PENDBASER of the file agrees with it'
    expect(reason(await read(linux(2), registers(pendingTable(1), pendingTable(0))))).toBe(none)
    expect(reason(await read(linux(2), registers(0, 0x1000_0000)))).toBe(none)
    const off = registers(pendingTable(0), pendingTable(0)).map((one) => ({ ...one, ctlr: 0 }))
    expect(reason(await read(linux(2), off))).toBe(none)
  })

  it('are not believed when two registers agree with them and not with each other', async () => {
    // 2^27 bytes of RAM on, an element of the array of pages begins at as round an address.
    const memory = new LinuxMemory({ memory: new GuestMemory([{ base: RAM as Gpa, bytes: 2 ** 28, backing: 'sparse' }]) })
    memory.its(its, [disk])
    memory.redistributors(vcpus(2), CONFIGURATION)
    expect(reason(await read(memory, registers(pendingTable(0), pendingTable(1) + 2 ** 27)))).toBe(
      'several values of GICR_PENDBASER agree with it, and not with each other',
    )
  })

  it.each([
    ['two have one frame', [vcpus(2)[0]!, vcpus(2)[0]!], 'two structures have one redistributor'],
    ['one is beyond the last vCPU', [vcpus(1)[0]!, vcpus(9)[8]!, vcpus(3)[2]!], 'a redistributor of no vCPU'],
    [
      'a table is not in RAM',
      [vcpus(1)[0]!, { ...vcpus(2)[1]!, pendingTable: RAM + (90 << 20) }],
      'a pending table that is none',
    ],
    [
      'a table is not aligned',
      [vcpus(1)[0]!, { ...vcpus(2)[1]!, pendingTable: pendingTable(1) + 4096 }],
      'a pending table that is none',
    ],
    [
      'two have one table',
      [vcpus(1)[0]!, { ...vcpus(2)[1]!, pendingTable: pendingTable(0) }],
      'two vCPUs with one pending table',
    ],
  ])('are not believed when %s', async (_, planted, says) => {
    const memory = new LinuxMemory()
    memory.its(its, [disk])
    memory.redistributors(planted, CONFIGURATION)
    expect(reason(await read(memory, registers(pendingTable(0), pendingTable(0))))).toBe(says)
  })

  it('of an earlier kernel are passed over where no register is theirs, and confirm those that have the same tables', async () => {
    const memory = linux(2)
    const earlier = vcpus(2).map((one) => ({ ...one, pendingTable: one.pendingTable + (1 << 20) }))
    memory.redistributors(earlier, CONFIGURATION, 0xffff_8000_8400_0000n)
    const saved = registers(pendingTable(0), pendingTable(0))
    expect(tables(await read(memory, saved))).toEqual([
      [0, pendingTable(0)],
      [1, pendingTable(1)],
    ])
    memory.redistributors(vcpus(2), CONFIGURATION, 0xffff_8000_8500_0000n)
    expect(tables(await read(memory, saved))).toHaveLength(2)
    const [first, second] = vcpus(2)
    const half = [first!, { ...second!, pendingTable: pendingTable(7) }]
    memory.redistributors(half, CONFIGURATION, 0xffff_8000_8600_0000n)
    expect(reason(await read(memory, saved))).toBe('two kernels have redistributors that agree with the registers')
  })

  it('are not there, or nothing tells how RAM is mapped', async () => {
    const memory = new LinuxMemory()
    memory.its(its, [disk])
    expect(reason(await read(memory, registers(pendingTable(0))))).toBe(
      'nothing of a redistributor is in the RAM that was searched',
    )
    const bare = new LinuxMemory()
    bare.redistributors(vcpus(1), CONFIGURATION)
    expect(reason(await read(bare, registers(pendingTable(0))))).toContain('nothing of an ITS was found')
  })

  it('are looked for when asked for, alone', async () => {
    const options = { itts: [new Map([[disk.itt, [disk.deviceId]]])] }
    expect((await readGuestKernel(linux(2).ram(), [its], options)).redistributors).toBeUndefined()
  })

  it('made to be slow are not all looked at', async () => {
    const memory = new LinuxMemory()
    memory.its(its, [disk])
    for (let n = 0; n < 4096; n++) memory.redistributors([{ frame: FRAMES, pendingTable: CONFIGURATION }], CONFIGURATION)
    memory.redistributors(vcpus(2), CONFIGURATION, 0xffff_8000_8400_0000n)
    expect(reason(await read(memory, registers(pendingTable(0), pendingTable(1))))).toBe('two structures have one redistributor')
  })
})
