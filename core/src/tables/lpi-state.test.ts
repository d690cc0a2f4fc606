import { describe, expect, it } from 'vitest'
import { GICR_PENDBASER, GICR_PROPBASER, type GicRegisters } from '../abi/index.ts'
import { type Gpa, GuestMemory, LoadableMemory, PAGE_BYTES } from '../memory/index.ts'
import { lpiConfiguration, pendingBit, pendingLpis, pendingWord } from './index.ts'

const RAM = 0x4000_0000
const CONFIGURATION = RAM + 0x10000
const pendingTable = (vcpu: number) => RAM + 0x20000 + vcpu * 0x10000
const pendbaser = (vcpu: number) => GICR_PENDBASER.pack({ address: pendingTable(vcpu), innerCache: 7, shareability: 1 })
const shape = { base: RAM as Gpa, bytes: 0x40000 }

/** Two vCPUs, numbered 4 and 9. */
const registers = (): GicRegisters => ({
  itses: [],
  redistributors: [4, 9].map((vcpuId, i) => ({
    vcpuId,
    ctlr: 1,
    propbaser: GICR_PROPBASER.pack({ idBits: 15, address: CONFIGURATION }),
    pendbaser: pendbaser(i),
  })),
})

const unloaded = () => new LoadableMemory([shape])

describe('the pending bit of an LPI', () => {
  it('is bit n mod 8 of byte n / 8 in the table of the vCPU that has the processor number', () => {
    const memory = new GuestMemory([shape])
    memory.setU8((pendingTable(1) + 1025) as Gpa, 0b0010_0000)
    const bits = [8205, 8204].map((lpi) => pendingBit(memory, registers(), 9, lpi))
    expect(bits).toEqual([
      { at: pendingTable(1) + 1025, bit: 5, isSet: true, unread: undefined },
      { at: pendingTable(1) + 1025, bit: 4, isSet: false, unread: undefined },
    ])
    expect(pendingBit(memory, registers(), 4, 8205)).toMatchObject({ at: pendingTable(0) + 1025, isSet: false })
  })

  it('is not there without such a vCPU', () => {
    expect(pendingBit(new GuestMemory([shape]), registers(), 1, 8192)).toBeUndefined()
  })

  it('is not said to be clear where it was not read', () => {
    expect(pendingBit(new GuestMemory(), registers(), 4, 8192)).toMatchObject({ isSet: undefined, unread: 'outside RAM' })
    expect(pendingBit(unloaded(), registers(), 4, 8192)).toMatchObject({ isSet: undefined, unread: 'not loaded' })
  })

  it.each([8192, 8199, 8200, 8223, 8224, 8255, 65535])('is set and cleared in its word without another: LPI %i', (lpi) => {
    for (const others of [0, 0xff]) {
      const memory = new GuestMemory([shape])
      memory.fill(pendingTable(0) as Gpa, 8192, others)
      for (const isSet of [others === 0, others !== 0]) {
        const { at, from, to } = pendingWord(memory, pendingBit(memory, registers(), 4, lpi)!, isSet)
        expect([at % 8, memory.u32(at), memory.u32((at + 4) as Gpa)]).toEqual([0, ...from])
        memory.setWord(at, ...to)
        expect(pendingBit(memory, registers(), 4, lpi)!.isSet).toBe(isSet)
        const { lpis } = pendingLpis(memory, pendbaser(0))
        expect(lpis.includes(lpi)).toBe(isSet)
        expect(lpis.filter((other) => other !== lpi)).toHaveLength(others === 0 ? 0 : 65535 - 8192)
      }
    }
  })
})

describe('the LPIs of a pending table', () => {
  it('are those from 8192 on whose bits are set, in order', () => {
    const memory = new GuestMemory([{ ...shape, backing: 'sparse' }])
    for (const lpi of [0, 8191, 8192, 8200, 8255, 9000, 40000, 65535, 65536]) {
      const at = (pendingTable(0) + Math.floor(lpi / 8)) as Gpa
      memory.setU8(at, memory.u8(at) | (1 << (lpi % 8)))
    }
    expect(pendingLpis(memory, pendbaser(0))).toEqual({ lpis: [8192, 8200, 8255, 9000, 40000, 65535], unread: undefined })
  })

  it('are not said to be none where not all of the table was read', () => {
    const short = new GuestMemory([{ base: RAM as Gpa, bytes: 0x20000 + PAGE_BYTES }])
    short.fill(pendingTable(0) as Gpa, PAGE_BYTES, 0xff)
    expect(pendingLpis(short, pendbaser(0))).toEqual({ lpis: [], unread: 'outside RAM' })
    expect(pendingLpis(unloaded(), pendbaser(0))).toEqual({ lpis: [], unread: 'not loaded' })
  })
})

describe('the configuration byte of an LPI', () => {
  it('tells whether it is enabled, and its priority', () => {
    const memory = new GuestMemory([shape])
    memory.setU8((CONFIGURATION + 7) as Gpa, 0xa1)
    memory.setU8((CONFIGURATION + 8) as Gpa, 0xa2)
    expect(lpiConfiguration(memory, registers(), 8199)).toEqual({
      at: CONFIGURATION + 7,
      isEnabled: true,
      priority: 0xa0,
      unread: undefined,
    })
    expect(lpiConfiguration(memory, registers(), 8200)).toMatchObject({ isEnabled: false, priority: 0xa0 })
  })

  it('is not said to be off where it was not read', () => {
    expect(lpiConfiguration(new GuestMemory(), registers(), 8192)).toMatchObject({ isEnabled: undefined, unread: 'outside RAM' })
    expect(lpiConfiguration(unloaded(), registers(), 8192)).toMatchObject({ isEnabled: undefined, unread: 'not loaded' })
  })
})
