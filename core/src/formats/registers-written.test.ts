import { describe, expect, it } from 'vitest'
import { GICR_PENDBASER, type GicRegisters } from '../abi/index.ts'
import { type Gpa, PAGE_BYTES } from '../memory/index.ts'
import { bytesSource, openSavedMachine, type SavedMachine, writeCase } from './index.ts'
import { edited } from './testing/edited.ts'
import { fixtureBytes, openFixture } from './testing/fixtures.ts'

/** Other tables for every redistributor but the first. */
function others({ registers }: SavedMachine): GicRegisters {
  const redistributors = registers.redistributors.map((one, vcpu) =>
    vcpu === 0
      ? one
      : { ...one, pendbaser: GICR_PENDBASER.pack({ address: 0x4500_0000 + vcpu * 0x1_0000 }), propbaser: 0x4600_078fn },
  )
  return { ...registers, redistributors }
}

/** A page of a table with other contents. */
async function changedPage(machine: SavedMachine): Promise<Map<Gpa, Uint8Array>> {
  const { address } = GICR_PENDBASER.unpack(machine.registers.redistributors[0]!.pendbaser)
  const memory = machine.memory()
  await machine.load(memory, [{ base: address as Gpa, bytes: PAGE_BYTES }])
  const contents = memory.read(address as Gpa, PAGE_BYTES)
  contents[1024]! ^= 0xff
  return new Map([[address as Gpa, contents]])
}

describe('registers of redistributors that are written back', () => {
  it.each(['healthy', 'qemu10', 'qemu10-mapped-ram', 'scattered-clean'])(
    'into %s, change their own bytes and no other, with and without pages that change',
    async (name) => {
      const machine = await openFixture(name)
      const before = fixtureBytes(`${name}.mig`)
      const registers = others(machine)
      const alone = await edited(machine, new Map(), registers)
      expect(alone.length).toBe(before.length)
      const changed = before.filter((byte, at) => byte !== alone[at]).length
      expect(changed).toBeLessThanOrEqual((registers.redistributors.length - 1) * 16)
      expect((await openSavedMachine(bytesSource(alone))).registers).toEqual(registers)
      const pages = await changedPage(machine)
      const both = await openSavedMachine(bytesSource(await edited(machine, pages, registers)))
      expect(both.registers).toEqual(registers)
      const [[at, contents]] = [...pages] as [[Gpa, Uint8Array]]
      const memory = both.memory()
      await both.load(memory, [{ base: at, bytes: PAGE_BYTES }])
      expect(memory.read(at, PAGE_BYTES)).toEqual(contents)
    },
  )

  it('into a case, are all that changes of it', async () => {
    const machine = await openFixture('scattered-clean')
    const { address } = GICR_PENDBASER.unpack(machine.registers.redistributors[0]!.pendbaser)
    const ranges = [{ base: address as Gpa, bytes: PAGE_BYTES }]
    const kept = await openSavedMachine(bytesSource(await writeCase(machine, machine.memory(), ranges)))
    const written = await openSavedMachine(bytesSource(await edited(kept, new Map(), others(kept))))
    expect(written.registers).toEqual(others(machine))
    expect(written.msi).toEqual(machine.msi)
    expect(written.missingPages(ranges)).toEqual([])
  })

  it('are not touched when none changes', async () => {
    const machine = await openFixture('healthy')
    expect(await machine.edits(new Map(), machine.registers)).toEqual([])
  })
})
