import { describe, expect, it } from 'vitest'
import { type MsiFunction, profiles } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { audit, setScene } from './index.ts'
import { LPI_CONFIGURATION, PlantedVm, pciFunction } from './testing/planted-vm.ts'

const ITTS = new PlantedVm().itt(0x100)

interface Placed {
  readonly ittAddr: number
  readonly bits?: number
  /** How far its `next` leads; it ends the chain when there is none. */
  readonly next?: number
}

/** Devices by their ids, each with event 0 in its ITT, whose LPI is enabled, and of which no queue tells. */
function devices(placed: Readonly<Record<number, Placed>>, ...msi: readonly MsiFunction[]): PlantedVm {
  const vm = Object.assign(new PlantedVm().clearRing(), { more: { msi } })
  let lpi = 8192
  for (const [id, { ittAddr, bits = 5, next = 0 }] of Object.entries(placed)) {
    vm.map(Number(id), {}, { ittAddr, bits }).dte(Number(id), { ittAddr, size: bits - 1, next })
    vm.ite(Number(id), 0, { pintid: lpi, icid: 0 }).enable(lpi++)
  }
  return vm.clearRing()
}

/** What may be lost: `0xc behind 0x8`: device 12, and 8 with the same ITT comes back; `0xc event 1`. */
function hidden(vm: PlantedVm): readonly string[] {
  const { findings, hiddenDevices } = audit(setScene(vm.input()))
  const found = findings.filter(({ code, severity }) => (code === 'D215' || code === 'I312') && severity !== 'note')
  expect(new Set(found.map(({ deviceId }) => deviceId)).size).toBe(hiddenDevices)
  return found.map(({ entries: [mine, other], deviceId, eventId }) =>
    eventId === undefined
      ? `${mine!.id}${other === undefined ? '' : ` behind ${other.id}`}`.replaceAll('DeviceID ', '')
      : `0x${deviceId!.toString(16)} event ${eventId}`,
  )
}

describe('a device that a jump leads past', () => {
  it.each([
    ['another has the same ITT', { 8: { ittAddr: ITTS }, 12: { ittAddr: ITTS } }, ['0xc behind 0x8']],
    [
      'others have ITTs beside its own',
      { 8: { ittAddr: ITTS }, 12: { ittAddr: ITTS + 0x100 }, 13: { ittAddr: ITTS - 0x100 } },
      ['0xc', '0xd'],
    ],
    [
      'its ITT is in a larger one, of which an event is hidden then',
      { 8: { ittAddr: ITTS, bits: 8 }, 12: { ittAddr: ITTS + 0x700 } },
      ['0x8 event 224', '0xc behind 0x8'],
    ],
    ['its ITT holds a smaller one', { 8: { ittAddr: ITTS + 0x700 }, 12: { ittAddr: ITTS, bits: 8 } }, ['0xc behind 0x8']],
    [
      'of two that come back, one has an ITT that reaches so far',
      { 8: { ittAddr: ITTS, bits: 8, next: 1 }, 9: { ittAddr: ITTS + 0x100 }, 12: { ittAddr: ITTS + 0x600 } },
      ['0x8 event 32', '0x8 event 192', '0xc behind 0x8'],
    ],
    [
      'of two that reach so far, the first is named',
      { 8: { ittAddr: ITTS, bits: 8, next: 1 }, 9: { ittAddr: ITTS + 0x400, bits: 7 }, 12: { ittAddr: ITTS + 0x700 } },
      ['0x8 event 128', '0x8 event 224', '0x9 event 96', '0xc behind 0x8'],
    ],
    [
      'of two that come back in the other order of their ITTs, the one whose ITT it is is named',
      { 8: { ittAddr: ITTS + 0x1000, next: 1 }, 9: { ittAddr: ITTS }, 12: { ittAddr: ITTS + 0x1000 }, 13: { ittAddr: ITTS } },
      ['0xc behind 0x8', '0xd behind 0x9'],
    ],
    [
      'others begin where its own ITT ends, or end where it begins',
      { 8: { ittAddr: ITTS, next: 1 }, 9: { ittAddr: ITTS + 0x200 }, 12: { ittAddr: ITTS + 0x100 } },
      ['0xc'],
    ],
  ] as const)('may be lost when no witness knows it: %s', (_what, placed, expected) => {
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

  it('is not told of when a witness knows it, or a live one leads past it', () => {
    expect(hidden(devices(both, pciFunction(8, [0])))).toEqual([])
    expect(hidden(devices(both, pciFunction(12, [0])))).toEqual([])
    const within = { 8: { ittAddr: ITTS, bits: 8 }, 12: { ittAddr: ITTS + 0x700 } } as const
    const around = { 8: { ittAddr: ITTS + 0x700 }, 12: { ittAddr: ITTS, bits: 8 } } as const
    expect(hidden(devices(within, pciFunction(8, [0])))).toEqual([])
    expect(hidden(devices(around, pciFunction(12, [0])))).toEqual([])
  })

  it('is noted where it has no event that may be live: Linux keeps such devices since 6.16, and what it left behind looks the same', () => {
    const empty = devices({ 8: { ittAddr: ITTS, next: 0 }, 12: { ittAddr: ITTS + 0x100 } }).ite(12, 0, {})
    const { verdict, hiddenDevices, findings } = audit(setScene(empty.input()))
    expect([verdict, hiddenDevices]).toEqual(['restores', 0])
    expect(findings.find(({ code }) => code === 'D215')).toMatchObject({ severity: 'note', deviceId: 12 })
    expect(findings.find(({ code }) => code === 'D215')!.says).toContain('DeviceID 0xc without a live event may be live')
  })

  it('is noted where no LPI of it is enabled: a driver disables one before it frees it, and what is disabled has no interrupt to lose', () => {
    const off = devices(both)
    off.memory.fill(LPI_CONFIGURATION as Gpa, 0x1000, 0xa0)
    const { verdict, hiddenDevices, findings } = audit(setScene(off.input()))
    expect([verdict, hiddenDevices]).toEqual(['restores', 0])
    const note = findings.find(({ code }) => code === 'D215')!
    expect(note).toMatchObject({ severity: 'note', evidence: [{ rule: 'R-lpi-off', says: 'LPI 8193 is disabled' }] })
    expect(note.says).toMatch(/^DeviceID 0xc with 1 event may be live .* No LPI of it is enabled\.$/)
    expect(hidden(off.enable(8193))).toEqual(['0xc behind 0x8'])
  })

  it('makes the orphan that leads past it harmful only where an LPI of it is enabled', () => {
    const vm = new PlantedVm({ queuePages: 1 })
      .map(8, {})
      .map(16, { 0: [8200, 0] })
      .save()
    vm.dte(8, { ittAddr: vm.itt(8), size: 4, next: 0 })
      .goRound()
      .unmap(8)
    const said = () => {
      const { verdict, findings } = audit(setScene(vm.input()))
      return [
        verdict,
        ...findings.filter(({ deviceId }) => deviceId !== undefined).map(({ code, severity }) => `${code} ${severity}`),
      ]
    }
    expect(said()).toEqual(['restores', 'D203 latent', 'D215 note'])
    vm.enable(8200)
    expect(said()).toEqual(['corrupts', 'D207 corrupts', 'D215 corrupts'])
  })

  it('is not told of when it has more EventID bits than KVM knows', () => {
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

describe('an event that a jump leads past, of a device that comes back', () => {
  const jump = () =>
    devices({ 8: { ittAddr: ITTS } })
      .ite(8, 0, { pintid: 8192, icid: 0, next: 2 })
      .ite(8, 2, { pintid: 8194, icid: 0 })
  const between = () => jump().ite(8, 1, { pintid: 8193, icid: 0, next: 1 }).enable(8193)

  it('may be lost when no witness knows it, and is told of with its entry', () => {
    const { findings, verdict, hiddenDevices, harmed } = audit(setScene(between().input()))
    expect([verdict, hiddenDevices, harmed]).toMatchObject(['corrupts', 1, [{ deviceId: 8, isHidden: true, lost: 0 }]])
    expect(findings.find(({ code }) => code === 'I312')).toMatchObject({
      deviceId: 8,
      eventId: 1,
      severity: 'corrupts',
      confidence: 'inferred',
      entries: [{ role: 'not reached' }],
      says: 'Event 1 of DeviceID 0x8 may be live and does not come back; no witness knows whether the guest has it.',
      fix: { safe: false, writes: [] },
    })
  })

  it('is noted where its LPI is disabled', () => {
    const off = between()
    off.memory.fill(LPI_CONFIGURATION as Gpa, 0x1000, 0xa0)
    const { verdict, findings } = audit(setScene(off.input()))
    expect(verdict).toBe('restores')
    const note = findings.find(({ code }) => code === 'I312')!
    expect(note).toMatchObject({ severity: 'note', eventId: 1, evidence: [{ rule: 'R-lpi-off' }] })
    expect(note.says).toMatch(/ Its LPI is disabled\.$/)
  })

  it('is dead where a witness knows the event that leads past it, and not told of where there is none', () => {
    const msi = [pciFunction(8, [0])]
    expect(hidden(Object.assign(between(), { more: { msi } }))).toEqual([])
    expect(hidden(jump())).toEqual([])
  })

  it('may be lost where the kernel maps an LPI once, and an event that nobody knows has it before', () => {
    const twice = () =>
      devices({ 8: { ittAddr: ITTS, next: 1 }, 9: { ittAddr: ITTS + 0x100 } }).ite(9, 0, { pintid: 8192, icid: 0 })
    expect(hidden(twice())).toEqual(['0x9 event 0'])
    expect(hidden(Object.assign(twice(), { more: { profile: profiles['linux-6.6'] } }))).toEqual([])
  })
})
