import { describe, expect, it } from 'vitest'
import { DTE, DTE_NEXT_CAP, ENTRY_BYTES, GITS_BASER, type MsiFunction, profiles } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { audit, type Finding, setScene } from './index.ts'
import { PlantedVm, pciFunction, RAM } from './testing/planted-vm.ts'

const OUTSIDE = 0x3000_0000
const itt = (deviceId: number) => new PlantedVm().itt(deviceId)
const findings = (vm: PlantedVm) => audit(setScene(vm.input())).findings
/** `D203 8 corrupts`, `I303 16:1 latent`, worst first. */
const told = (vm: PlantedVm) =>
  findings(vm).map(({ code, deviceId, eventId, severity }) =>
    [code, ...(deviceId === undefined ? [] : [`${deviceId}${eventId === undefined ? '' : `:${eventId}`}`]), severity].join(' '),
  )
const one = (vm: PlantedVm, code: string): Finding => findings(vm).find((finding) => finding.code === code)!
const roles = ({ entries }: Finding) => entries.map(({ id, role }) => `${id}: ${role}`)

/** Devices 16 and 24 are live. */
const saved = (...dead: readonly number[]) => {
  const vm = new PlantedVm()
  for (const deviceId of dead) vm.map(deviceId, { 0: [8300 + deviceId, 0] })
  vm.map(16, { 0: [8192, 0], 1: [8193, 0] })
    .map(24, { 0: [8194, 0], 1: [8195, 1] })
    .save()
  for (const deviceId of dead) vm.unmap(deviceId)
  return vm
}

/** As `saved()`, in a table that has room for DeviceIDs of more than 16 bits, and for one of them an entry. */
function wide(...msi: readonly MsiFunction[]): PlantedVm {
  const vm = Object.assign(saved(), { more: { msi } })
  const [, collections] = vm.registers().itses[0]!.baser
  const table = RAM + 0x80_0000
  vm.its = { baser: [GITS_BASER.pack({ valid: true, type: 1, pageSize: 2, pages: 8, addressLow: table }), collections!] }
  const next = { 16: 8, 24: DTE_NEXT_CAP, 70000: 0 }
  for (const deviceId of [16, 24, 70000] as const) {
    const entry = DTE.encode({ valid: true, ittAddr: itt(deviceId), size: 4, next: next[deviceId] })
    vm.word((table + deviceId * ENTRY_BYTES) as Gpa, entry)
  }
  return vm
}

describe('what a dead device does to a restore', () => {
  it.each([
    ['its events come back', () => saved(8), ['D203 8 corrupts']],
    ['each of two by itself', () => saved(8, 12), ['D203 8 corrupts', 'D203 12 corrupts']],
    [
      'it ends the chain before another, which is not visited then',
      () => saved(12).dte(8, { ittAddr: itt(8), size: 4 }),
      ['D207 8 corrupts', 'D204 12 latent'],
    ],
    [
      'it ends the chain before one live device with one event',
      () =>
        new PlantedVm()
          .map(16, { 0: [8192, 0] })
          .save()
          .dte(8, { ittAddr: itt(8), size: 4 }),
      ['D207 8 corrupts'],
    ],
    ['the chain jumps over it', () => saved().dte(20, { ittAddr: itt(20), size: 4, next: 4 }), ['D204 20 latent']],
    ['it ends the chain before live devices', () => saved().dte(8, { ittAddr: itt(8), size: 4 }), ['D207 8 corrupts']],
    [
      'it leads past live devices, with its own events',
      () => saved(8).dte(8, { ittAddr: itt(8), size: 4, next: 16 }),
      ['D203 8 corrupts'],
    ],
    [
      'it leads past live devices, without an event',
      () => saved().dte(8, { ittAddr: itt(8), size: 4, next: 16 }),
      ['D203 8 corrupts'],
    ],
    ['an event of it is none', () => saved(8).ite(8, 0, { pintid: 40, icid: 0 }), ['D203 8 fails']],
    ['its ITT is not in RAM', () => saved(8).dte(8, { ittAddr: OUTSIDE, size: 4, next: 8 }), ['D203 8 fails']],
    [
      'a live event behind it is none, which is told of apart',
      () => saved(8).ite(16, 1, { pintid: 40, icid: 0 }),
      ['I301 16:1 fails', 'D203 8 corrupts'],
    ],
  ])('%s', (_what, vm, expected) => {
    expect(told(vm())).toEqual(expected)
  })

  it('fails where KVM refuses its entry, though no restore brings it so far as to be visited', () => {
    expect(told(wide())).toEqual(['D203 70000 fails'])
    expect(one(wide(), 'D203').effect.stop).toMatchObject({ says: 'the DeviceID has more than 16 bits', kind: 'DTE' })
  })

  it('shows the first four of the events that come back, and of those that are lost', () => {
    const vm = new PlantedVm()
      .map(8, { 0: [8300, 0], 1: [8301, 0], 2: [8302, 0], 3: [8303, 0], 4: [8304, 0] })
      .map(16, { 0: [8192, 0], 1: [8193, 0], 2: [8194, 0], 3: [8195, 0], 5: [8196, 0] })
      .map(24, {})
      .save()
      .unmap(8)
    vm.dte(8, { ittAddr: itt(8), size: 4, next: 16 })
    expect(roles(one(vm, 'D203'))).toEqual([
      'DeviceID 0x8: orphan',
      ...[0, 1, 2, 3].map((event) => `DeviceID 0x8 event ${event}: comes back`),
      ...[0, 1, 2, 3].map((event) => `DeviceID 0x10 event ${event}: lost`),
    ])
    expect(one(vm, 'D203').effect).toMatchObject({ revived: { count: 5 }, lost: { count: 5 }, lostDevices: 1 })
  })

  it('shows where KVM stops, unless that is its own entry', () => {
    expect(roles(one(saved(8).ite(8, 0, { pintid: 40, icid: 0 }), 'D203'))).toEqual([
      'DeviceID 0x8: orphan',
      'DeviceID 0x8 event 0: KVM stops here',
    ])
    expect(roles(one(saved(8).dte(8, { ittAddr: OUTSIDE, size: 4, next: 8 }), 'D203'))).toEqual(['DeviceID 0x8: orphan'])
    expect(roles(one(saved(8).ite(8, 0, { pintid: 0x7000_0000, icid: 0 }), 'D203'))).toEqual(['DeviceID 0x8: orphan'])
    expect(roles(one(saved().dte(8, { ittAddr: itt(8), size: 17, next: 8 }), 'D202'))).toEqual(['DeviceID 0x8: no device'])
  })
})

describe('what a dead event does to a restore', () => {
  const discarded = () => saved().command('MAPTI', { deviceId: 16, eventId: 4, pintid: 8400, icid: 0 }).discard(16, 4)
  it.each([
    [
      'it comes back',
      () => discarded().ite(16, 1, { pintid: 8193, icid: 0, next: 3 }).ite(16, 4, { pintid: 8400, icid: 0 }),
      ['I303 16:4 corrupts'],
    ],
    ['the chain ends before it', () => discarded().ite(16, 4, { pintid: 8400, icid: 0 }), ['I309 16:4 latent']],
    [
      'it ends the chain before live events',
      () => saved().discard(24, 0).ite(24, 0, { pintid: 8194, icid: 0 }),
      ['I304 24:0 corrupts'],
    ],
    [
      'it leads past live events',
      () =>
        saved()
          .discard(24, 0)
          .ite(24, 0, { pintid: 8194, icid: 0, next: 2 })
          .ite(24, 1, { pintid: 8195, icid: 1, next: 1 })
          .ite(24, 2, { pintid: 8400, icid: 0 })
          .command('MAPTI', { deviceId: 24, eventId: 2, pintid: 8400, icid: 0 }),
      ['I304 24:0 corrupts'],
    ],
    [
      'a restore fails at it',
      () => discarded().ite(16, 1, { pintid: 8193, icid: 0, next: 3 }).ite(16, 4, { pintid: 40, icid: 0 }),
      ['I303 16:4 fails'],
    ],
  ])('%s', (_what, vm, expected) => {
    expect(told(vm())).toEqual(expected)
  })
})

/** On a kernel that restores every event of an LPI. */
const sharing = (vm: PlantedVm) => Object.assign(vm, { more: { profile: profiles['linux-7.3'] } })

it('an event shows the events that come back with it, and itself only once', () => {
  const vm = sharing(saved())
    .map(32, {}, { ittAddr: itt(16) })
    .save()
    .unmap(32)
    .command('DISCARD', { deviceId: 16, eventId: 1 })
  expect(roles(one(vm, 'I303'))).toEqual(['event 1: orphan', 'DeviceID 0x20 event 1: comes back'])
})

describe('what cannot be taken out', () => {
  /** Devices 16 and 24 have one ITT; event 0 is the first’s and event 1 the other’s. */
  const shared = () =>
    new PlantedVm()
      .map(16, { 0: [8192, 0] })
      .map(24, { 1: [8193, 1] }, { ittAddr: itt(16) })
      .save()

  it('is measured by the restore as it is: what comes back does harm', () => {
    const says = (vm: PlantedVm) => told(vm).filter((line) => line.startsWith('I30') && !line.startsWith('I305'))
    expect(says(sharing(shared()))).toEqual(['I303 24:0 corrupts', 'I307 24:1 corrupts', 'I309 16:1 latent'])
    expect(says(shared())).toEqual(['I307 24:1 corrupts', 'I309 16:1 latent', 'I303 24:0 latent'])
  })

  it('fails a restore that stops at its word or in its device, and no other', () => {
    const vm = shared().discard(24, 1).ite(16, 0, { pintid: 40, icid: 0 })
    const stop = { at: vm.iteAt(16, 0), kind: 'ITE', place: 'DeviceID 0x10 event 0' }
    expect(findings(vm).filter(({ severity }) => severity === 'fails')).toMatchObject([
      { code: 'I303', deviceId: 24, eventId: 0, errno: 'EINVAL', effect: { stop } },
      { code: 'I301', deviceId: 16, eventId: 0, errno: 'EINVAL', effect: { stop } },
    ])
    expect(told(vm)).toContain('D206 24 latent')
    expect(told(shared().ite(16, 0, { pintid: 40, icid: 0 }))).toEqual(
      expect.arrayContaining(['I303 24:0 fails', 'I301 16:0 fails', 'I309 16:1 latent']),
    )
    const behind = new PlantedVm().map(16, { 0: [8192, 0] }, { bits: 6 }).map(24, { 0: [8193, 0] }, { ittAddr: itt(16) + 0x100 })
    expect(told(behind.save().ite(24, 0, { pintid: 40, icid: 0 }))).toContain('D206 24 fails')
    const inSecond = shared()
      .ite(16, 0, { pintid: 8192, icid: 0 })
      .map(8, { 0: [8300, 0] })
      .save()
      .ite(8, 0, { pintid: 40, icid: 0 })
    expect(told(inSecond)).toEqual(expect.arrayContaining(['I301 8:0 fails', 'D206 24 latent', 'I309 24:0 latent']))
  })
})

describe('a restore that no entry can be blamed for', () => {
  it('fails, and no finding says why, where only a kernel’s word for it is left', () => {
    const vm = wide(pciFunction(70000, []))
    expect(audit(setScene(vm.input()))).toMatchObject({ verdict: 'fails', stop: { deviceId: 70000 } })
    expect(told(vm)).toEqual(['D208 70000 latent', 'Q605 note'])
  })

  it('loses what the guest has mapped, which is shown where there is an entry', () => {
    expect(roles(one(saved().dte(24, { valid: false }), 'D209'))).toEqual([])
    expect(roles(one(saved().dte(16, { ittAddr: itt(16), size: 4 }), 'D209'))).toEqual([
      'DeviceID 0x18: lost',
      'DeviceID 0x18 event 0: lost',
      'DeviceID 0x18 event 1: lost',
    ])
  })

  it('fails, and what is dead is measured as far as it got', () => {
    const vm = saved(8)
    const [devices] = vm.registers().itses[0]!.baser
    vm.its = { baser: [devices!, GITS_BASER.pack({ valid: true, addressLow: OUTSIDE, type: 4 })] }
    expect(told(vm)).toEqual(expect.arrayContaining(['C104 fails', 'D204 8 latent']))
  })
})
