import { describe, expect, it } from 'vitest'
import { GITS_BASER, GITS_CBASER, type GicRegisters, queueShape, type SavedIts, tableShape, VIRT_ITS } from '../abi/index.ts'
import { defaultBudget } from '../budget/index.ts'
import { budgetFor } from '../budget/testing/budget-for.ts'
import { type Gpa, GuestMemory } from '../memory/index.ts'
import { type FindRegistersOptions, findRegisters } from './index.ts'
import { ITS_NODE } from './structs.ts'
import { kernels, LinuxMemory, RAM, releases } from './testing/linux-memory.ts'

const table = { addressHigh: 0, valid: true, pageSize: 2, entrySize: 7, innerCache: 7, shareability: 1 }
const its: SavedIts = {
  base: VIRT_ITS,
  ctlr: 0x8000_0001,
  iidr: 0x4b00_043b,
  cbaser: GITS_CBASER.pack({ valid: true, address: RAM + (4 << 20), pages: 15, innerCache: 7, shareability: 1 }),
  cwriter: 0x120n,
  creadr: 0x120n,
  baser: [
    GITS_BASER.pack({ ...table, type: 1, indirect: true, addressLow: RAM + (5 << 20) }),
    GITS_BASER.pack({ ...table, type: 4, addressLow: RAM + (6 << 20) }),
    ...new Array<bigint>(6).fill(0n),
  ],
}
const other: SavedIts = {
  ...its,
  base: (VIRT_ITS + 0x2_0000) as Gpa,
  cbaser: its.cbaser + 0x4_0000n,
  baser: its.baser.map((word) => (word === 0n ? word : word + 0x4_0000n)),
}

const FRAMES = 0x080a_0000
const CONFIGURATION = RAM + (7 << 20)
const pendingTable = (vcpu: number) => CONFIGURATION + (vcpu + 1) * 0x1_0000

const heap = RAM + (2 << 20)
const ram = (bytes: number) => new GuestMemory([{ base: RAM as Gpa, bytes, backing: 'sparse' }])
const small = (options = {}) => new LinuxMemory({ memory: ram(8 << 20), heap, ...options })

/** RAM of a guest with these vCPUs up. */
function linux(up: readonly number[] = [0, 1], options = {}): LinuxMemory {
  const memory = small(options)
  memory.its(its, [])
  memory.redistributors(
    up.map((vcpu) => ({ frame: FRAMES + vcpu * 0x2_0000, pendingTable: pendingTable(vcpu) })),
    CONFIGURATION,
  )
  return memory
}

async function found(memory: LinuxMemory, options?: FindRegistersOptions): Promise<GicRegisters> {
  const outcome = await findRegisters(memory.ram(), options)
  if ('missing' in outcome) throw new Error(outcome.missing.reason)
  return outcome.found
}

async function missing(memory: LinuxMemory, options?: FindRegistersOptions) {
  const outcome = await findRegisters(memory.ram(), options)
  return 'missing' in outcome ? outcome.missing : undefined
}

const enabled = (vcpuId: number) => ({
  vcpuId,
  ctlr: 7,
  propbaser: BigInt(CONFIGURATION) + 0x78fn,
  pendbaser: BigInt(pendingTable(vcpuId)) + 0x780n,
})

describe('the registers of a guest of which there is only RAM', () => {
  it.each(releases)('are what its kernel keeps of them, as %s does', async (release) => {
    expect(await found(linux([0, 1], { release }))).toEqual({
      itses: [its],
      redistributors: [enabled(0), enabled(1)],
      inferredFrom: 'guest kernel',
    })
    const { members } = kernels[release]!['its_node']!
    for (const [name, offset] of Object.entries(ITS_NODE)) expect(members[name]! - members['tables']!).toBe(offset)
  })

  it.each([
    ['before 5.11', 4096, 0xffff_0000_0000_0000n, 0xffff_0000_0000_0000n, 0xffff_fdff_ffe0_0000n],
    ['from 5.11 on', 4096, 0xffff_0000_0000_0000n, 0xffff_0000_0000_0000n, 0xffff_fc00_0000_0000n],
    ['from 6.9 on', 4096, 0xffff_0000_0000_0000n, 0xffff_0000_0000_0000n, 0xffff_fdff_c000_0000n],
    ['with addresses of 39 bits', 4096, 0xffff_ff80_0000_0000n, 0xffff_ff80_0000_0000n, 0xffff_fffe_0000_0000n],
    ['made for 52 bits, on a CPU with 48', 4096, 0xffff_0000_0000_0000n, 0xfff0_0000_0000_0000n, 0xffff_c1ff_c000_0000n],
    ['with addresses of 52 bits', 4096, 0xfff0_0000_0000_0000n, 0xfff0_0000_0000_0000n, 0xffff_c1ff_c000_0000n],
    ['with pages of 64 KiB', 0x1_0000, 0xfff0_0000_0000_0000n, 0xfff0_0000_0000_0000n, 0xffff_fc00_0000_0000n],
    ['that begins RAM in the middle', 4096, 0xffff_0012_3458_0000n, 0xffff_0000_0000_0000n, 0xffff_fdff_c000_0000n],
  ])('have the pending tables of a kernel %s', async (_, pageBytes, pageOffset, ofLinear, begin) => {
    const memory = linux([0, 1, 2], { pageBytes, pageOffset, structPages: { begin, ofLinear } })
    expect((await found(memory)).redistributors).toEqual([0, 1, 2].map(enabled))
  })

  it('are those of all ITSes, in the order of their addresses', async () => {
    const memory = small()
    memory.its(other, [])
    memory.its(its, [])
    memory.redistributors([{ frame: FRAMES, pendingTable: pendingTable(0) }], CONFIGURATION)
    expect((await found(memory)).itses).toEqual([its, other])
  })

  it('have no LPIs on a vCPU that was not brought up', async () => {
    const off = (vcpuId: number) => ({ vcpuId, ctlr: 6, propbaser: 0n, pendbaser: 0n })
    const { redistributors } = await found(linux([0, 2]), { vcpus: 4 })
    expect(redistributors).toEqual([enabled(0), off(1), enabled(2), off(3)])
    expect((await found(linux([0, 2]))).redistributors).toHaveLength(3)
    expect(await missing(linux([0, 2]), { vcpus: 2 })).toBeUndefined()
  })

  it('are not known of another guest, nor where the search has not come to the end', async () => {
    expect(await missing(small())).toEqual({
      reason: 'no ITS of a Linux guest is in the RAM that was searched',
      at: undefined,
      limit: undefined,
    })
    const large = () => linux([0, 1], { memory: ram(20 << 20), heap: RAM + (17 << 20) })
    const little = { budget: { ...defaultBudget, ...budgetFor('search', 2 ** 24) } }
    expect(await missing(large(), little)).toMatchObject({ limit: 'bytes' })
    expect(await found(large(), { ...little, everywhere: true })).toMatchObject({ itses: [its] })
    const early = () => linux([0, 1], { memory: ram(20 << 20) })
    expect(await found(early(), { ...little, vcpus: 2 })).toMatchObject({ itses: [its] })
    expect(await missing(early(), { ...little, vcpus: 3 })).toMatchObject({ limit: 'bytes' })
    expect(await missing(early(), little)).toMatchObject({ reason: 'not all of RAM was searched', limit: 'bytes' })
  })

  const stale: SavedIts = { ...other, base: its.base, cwriter: 0x200n, creadr: 0x200n }
  const collected = (memory: LinuxMemory, of: SavedIts) => memory.u64(tableShape(of.baser[1]!).base, 1n << 63n)
  const commanded = (memory: LinuxMemory, of: SavedIts, count: number) => {
    for (let n = 0; n < count; n++) memory.u64(queueShape(of.cbaser).base + n * 32, 0x5n)
  }

  it('are those that KVM saved, where a kernel before left its own', async () => {
    const memory = linux()
    memory.its(stale, [])
    collected(memory, its)
    commanded(memory, stale, 16)
    expect((await found(memory)).itses).toEqual([its])
  })

  it('are those up to which commands were written, where both have the same queue', async () => {
    for (const [before, after] of [
      [0x200n, 0x120n],
      [0x80n, 0x120n],
    ]) {
      const memory = linux()
      memory.its({ ...its, cwriter: before!, creadr: before! }, [])
      commanded(memory, its, Number(after) / 32)
      expect((await found(memory)).itses).toEqual([its])
    }
  })

  it('are not known where nothing tells two kernels apart, and known where they agree', async () => {
    const memory = linux()
    memory.its(stale, [])
    expect(await missing(memory)).toMatchObject({ reason: 'two kernels have structures of one ITS, which differ' })
    const twice = linux()
    twice.its(its, [])
    expect(await missing(twice)).toBeUndefined()
  })

  const word = (offset: number) => (memory: LinuxMemory, node: number, value: bigint) =>
    memory.u64(memory.member('its_node', 'tables', node) + offset, value)
  it.each([
    ['an address that no ITS can have', 'no address of an ITS', word(ITS_NODE.phys_base), 0x808_1000n],
    ['the address of RAM as its own', 'no address of an ITS', word(ITS_NODE.phys_base), BigInt(RAM)],
    ['no command queue', 'no command queue', word(ITS_NODE.cmd_base), 0xffff_0000_0040_1000n],
    ['a queue that is written elsewhere', 'not in the queue', word(ITS_NODE.cmd_write), 0xffff_0000_0001_0000n],
    ['a queue that is written in the middle of a command', 'not in the queue', word(ITS_NODE.cmd_write), 0xffff_0000_0040_0008n],
    ['a table elsewhere', 'no common linear map', word(24), 0xffff_0000_0001_0000n],
    ['a table that is not RAM', 'not in RAM', word(7 * 24 + 8), 0x8200_0000_f000_0600n],
  ])('are not known by what has %s', async (_, reason, spoil, value) => {
    const memory = small()
    const { node } = memory.its(its, [])
    memory.redistributors([{ frame: FRAMES, pendingTable: pendingTable(0) }], CONFIGURATION)
    spoil(memory, node, value)
    expect((await missing(memory))?.reason).toContain(reason)
  })

  it('are not known without the redistributors, nor the table of the configuration', async () => {
    const without = small()
    without.its(its, [])
    expect((await missing(without))?.reason).toBe('nothing of a redistributor is in the RAM that was searched')
    const memory = small()
    memory.its(its, [])
    const { rdists } = memory.redistributors([{ frame: FRAMES, pendingTable: pendingTable(0) }], CONFIGURATION)
    memory.u64(memory.member('rdists', 'prop_table_va', rdists), 0n)
    expect((await missing(memory))?.reason).toBe('where the configuration of LPIs is was not found')
  })

  it('are not known where the array of struct page is at no place that is known', async () => {
    const structPages = { begin: 0xffff_9000_0000_0000n, ofLinear: 0xffff_0000_0000_0000n }
    expect((await missing(linux([0], { structPages })))?.reason).toBe('where the kernel has its struct page is not known')
  })
})
