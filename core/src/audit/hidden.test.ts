import { describe, expect, it } from 'vitest'
import type { MsiFunction } from '../abi/index.ts'
import { audit, setScene } from './index.ts'
import { PlantedVm, pciFunction } from './testing/planted-vm.ts'

const ITTS = new PlantedVm().itt(0x100)

interface Placed {
  readonly ittAddr: number
  readonly bits?: number
  /** How far its `next` leads; it ends the chain when there is none. */
  readonly next?: number
}

/** Devices by their ids, each with event 0 in its ITT, of which no queue tells. */
function devices(placed: Readonly<Record<number, Placed>>, ...msi: readonly MsiFunction[]): PlantedVm {
  const vm = Object.assign(new PlantedVm().clearRing(), { more: { msi } })
  let lpi = 8192
  for (const [id, { ittAddr, bits = 5, next = 0 }] of Object.entries(placed)) {
    vm.map(Number(id), {}, { ittAddr, bits }).dte(Number(id), { ittAddr, size: bits - 1, next })
    vm.ite(Number(id), 0, { pintid: lpi++, icid: 0 })
  }
  return vm.clearRing()
}

/** `12 behind 8`: device 12 may be lost, and 8 with the same ITT comes back. */
function hidden(vm: PlantedVm): readonly string[] {
  const { findings, hiddenDevices } = audit(setScene(vm.input()))
  const found = findings.filter(({ code }) => code === 'D215')
  expect(found).toHaveLength(hiddenDevices)
  return found.map(({ entries: [mine, other] }) => `${mine!.id} behind ${other!.id}`.replaceAll('DeviceID ', ''))
}

describe('a device that a jump leads past, and whose ITT another has that comes back', () => {
  it.each([
    ['the same ITT', { 8: { ittAddr: ITTS }, 12: { ittAddr: ITTS } }, ['0xc behind 0x8']],
    ['ITTs side by side', { 8: { ittAddr: ITTS }, 12: { ittAddr: ITTS + 0x100 }, 13: { ittAddr: ITTS - 0x100 } }, []],
    ['an ITT in a larger one', { 8: { ittAddr: ITTS, bits: 8 }, 12: { ittAddr: ITTS + 0x700 } }, ['0xc behind 0x8']],
    ['an ITT that holds a smaller one', { 8: { ittAddr: ITTS + 0x700 }, 12: { ittAddr: ITTS, bits: 8 } }, ['0xc behind 0x8']],
    [
      'of two that come back, the one whose ITT reaches so far',
      { 8: { ittAddr: ITTS, bits: 8, next: 1 }, 9: { ittAddr: ITTS + 0x100 }, 12: { ittAddr: ITTS + 0x600 } },
      ['0xc behind 0x8'],
    ],
    [
      'of two that reach so far, the first',
      { 8: { ittAddr: ITTS, bits: 8, next: 1 }, 9: { ittAddr: ITTS + 0x400, bits: 7 }, 12: { ittAddr: ITTS + 0x700 } },
      ['0xc behind 0x8'],
    ],
    [
      'of two that come back in the other order of their ITTs, the one whose ITT it is',
      { 8: { ittAddr: ITTS + 0x1000, next: 1 }, 9: { ittAddr: ITTS }, 12: { ittAddr: ITTS + 0x1000 }, 13: { ittAddr: ITTS } },
      ['0xc behind 0x8', '0xd behind 0x9'],
    ],
    [
      'none that begins where its own ends, or ends where its own begins',
      { 8: { ittAddr: ITTS, next: 1 }, 9: { ittAddr: ITTS + 0x200 }, 12: { ittAddr: ITTS + 0x100 } },
      [],
    ],
  ] as const)('may be lost when no witness knows either: %s', (_what, placed, expected) => {
    expect(hidden(devices(placed))).toEqual(expected)
  })

  const both = { 8: { ittAddr: ITTS }, 12: { ittAddr: ITTS } } as const

  it('is told of with its events, and nothing is offered to mend it', () => {
    const { findings, verdict } = audit(setScene(devices(both).input()))
    expect(verdict).toBe('corrupts')
    expect(findings.find(({ code }) => code === 'D215')).toMatchObject({
      deviceId: 12,
      severity: 'corrupts',
      confidence: 'inferred',
      entries: [{ role: 'not reached' }, { role: 'comes back' }],
      fix: { safe: false, writes: [] },
    })
    expect(findings.find(({ code }) => code === 'D215')!.says).toContain('DeviceID 0xc with 1 event may be live')
  })

  it('is not told of when a witness knows one of the two', () => {
    expect(hidden(devices(both, pciFunction(8, [0])))).toEqual([])
    expect(hidden(devices(both, pciFunction(12, [0])))).toEqual([])
    const within = { 8: { ittAddr: ITTS, bits: 8 }, 12: { ittAddr: ITTS + 0x700 } } as const
    const around = { 8: { ittAddr: ITTS + 0x700 }, 12: { ittAddr: ITTS, bits: 8 } } as const
    expect(hidden(devices(within, pciFunction(8, [0])))).toEqual([])
    expect(hidden(devices(around, pciFunction(12, [0])))).toEqual([])
  })

  it('is not told of when it has no event, or when either has more EventID bits than KVM knows', () => {
    const empty = devices({ 8: { ittAddr: ITTS, next: 0 }, 12: { ittAddr: ITTS + 0x100 } })
    empty.dte(12, { ittAddr: ITTS, size: 4 }).ite(8, 0, {})
    expect(hidden(empty)).toEqual([])
    expect(hidden(devices({ 8: { ittAddr: ITTS }, 12: { ittAddr: ITTS, bits: 16 } }))).toEqual(['0xc behind 0x8'])
    const huge = devices(both).dte(12, { ittAddr: ITTS, size: 16 })
    expect(hidden(huge)).toEqual([])
  })

  it('is not told of when the restore fails', () => {
    const vm = devices({ 8: { ittAddr: ITTS, next: 1 }, 9: { ittAddr: ITTS + 0x100 }, 12: { ittAddr: ITTS } })
    expect(hidden(vm)).toEqual(['0xc behind 0x8'])
    expect(hidden(vm.ite(9, 0, { pintid: 8192, icid: 7 }))).toEqual([])
  })
})
