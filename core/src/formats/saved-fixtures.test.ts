import { describe, expect, it } from 'vitest'
import { queueShape, tableShape } from '../abi/index.ts'
import { type Gpa, gpa } from '../memory/index.ts'
import { bytesSource, FormatError, openSavedMachine } from './index.ts'
import { fixtureBytes, fixtureText, openFixture, streamFixtures } from './testing/fixtures.ts'

const MIB = 2 ** 20

/** An entry of the tables as an independent reader found it in RAM. */
interface TableEntry {
  readonly gpa: string
  readonly raw: string
}

const tablesOf = (name: string) => fixtureText(`${name}.tables.json`)

it.each(streamFixtures.filter((name) => tablesOf(name) !== undefined))(
  'the stream %s holds every table entry that an independent reader found in its RAM',
  async (name) => {
    const machine = await openFixture(name)
    const memory = machine.memory()
    const { collections, devices } = JSON.parse(tablesOf(name)!) as { collections: TableEntry[]; devices: TableEntry[] }
    expect(devices.length).toBeGreaterThan(0)
    for (const { gpa: at, raw } of [...collections, ...devices]) {
      const address = gpa(BigInt(at))
      await machine.load(memory, [{ base: address, bytes: 8 }])
      const word = (BigInt(memory.u32((address + 4) as Gpa)) << 32n) | BigInt(memory.u32(address))
      expect(word.toString(16).padStart(16, '0'), at).toBe(raw)
    }
  },
)

describe.each(streamFixtures)('the stream %s', (name) => {
  it('has registers that lead to a device table, a collection table and a queue in RAM', async () => {
    const { registers, ranges } = await openFixture(name)
    const [ram] = ranges
    const inside = (base: number, bytes: number) => base >= ram!.base && base + bytes <= ram!.base + ram!.bytes
    const its = registers.itses[0]!
    for (const baser of its.baser.slice(0, 2)) {
      const { valid, base, bytes } = tableShape(baser)
      expect([valid, inside(base, bytes)]).toEqual([true, true])
    }
    const queue = queueShape(its.cbaser)
    expect([queue.valid, inside(queue.base, queue.bytes)]).toEqual([true, true])
    expect(its.creadr).toBe(its.cwriter)
    expect(its.iidr).toBe(0x4b00043b)
    expect(its.baser.slice(2)).toEqual([0n, 0n, 0n, 0n, 0n, 0n])
  })
})

describe('a stream of a real VM', () => {
  it('names its machine, vCPUs and RAM', async () => {
    const [small, large, numa, newer] = await Promise.all(['healthy', 'scattered-clean', 'numa', 'qemu10'].map(openFixture))
    const facts = [small, large, numa, newer].map((vm) => [
      vm!.machine,
      vm!.registers.redistributors.length,
      vm!.ranges,
      vm!.registers.itses.map(({ base }) => base),
    ])
    expect(facts).toEqual([
      ['virt-7.2', 2, [{ base: 0x4000_0000, bytes: 64 * MIB }], [0x0808_0000]],
      ['virt-7.2', 8, [{ base: 0x4000_0000, bytes: 192 * MIB }], [0x0808_0000]],
      ['virt-7.2', 2, [{ base: 0x4000_0000, bytes: 96 * MIB }], [0x0808_0000]],
      ['virt-10.0', 2, [{ base: 0x4000_0000, bytes: 64 * MIB }], [0x0808_0000]],
    ])
  })

  it('takes out the LPI tables the guest says it gave each CPU', async () => {
    const { registers } = await openFixture('healthy')
    expect(registers.redistributors).toEqual([
      { vcpuId: 0, ctlr: 7, propbaser: 0x429d078fn, pendbaser: 0x429e0780n },
      { vcpuId: 1, ctlr: 7, propbaser: 0x429d078fn, pendbaser: 0x429f0780n },
    ])
    expect(fixtureText('healthy.guest-view.txt')).toContain('CPU1: using allocated LPI pending table @0x00000000429f0000')
  })

  it('loads the pages asked for and no others', async () => {
    const machine = await openFixture('healthy')
    const memory = machine.memory()
    const base = gpa(0x429b0000)
    await machine.load(memory, [{ base, bytes: 8 }])
    expect(memory.u32((base + 4) as Gpa)).toBe(0x80000000)
    expect(() => memory.u32((base + 0x1000) as Gpa)).toThrow('before it was loaded')
  })

  it('is refused with the reason when the ITS was not KVM’s', async () => {
    const open = openSavedMachine(bytesSource(fixtureBytes('tcg.mig')))
    await expect(open).rejects.toThrow(FormatError)
    await expect(open).rejects.toThrow("QEMU's own ITS (TCG)")
  })
})
