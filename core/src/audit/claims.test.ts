import { describe, expect, it } from 'vitest'
import { type MsiFunction, profiles } from '../abi/index.ts'
import { audit, type Finding, setScene, setScenes } from './index.ts'
import { PlantedVm, pciFunction } from './testing/planted-vm.ts'

/** A kernel that restores every event of an LPI. */
const sharing = profiles['linux-7.3']
const ITTS = new PlantedVm().itt(0x100)
const findings = (vm: PlantedVm, code: string): Finding[] =>
  audit(setScene({ profile: sharing, ...vm.input() })).findings.filter((finding) => finding.code === code)
const says = (vm: PlantedVm, code: string) => findings(vm, code).map((finding) => finding.says)

/** The queue tells nothing: what these functions do not tell, no witness knows. */
const toldBy = (vm: PlantedVm, ...msi: readonly MsiFunction[]) => Object.assign(vm.clearRing(), { more: { msi } })

describe('an LPI that two events have', () => {
  it('is the guest’s choice when both are live', () => {
    const vm = new PlantedVm().map(8, { 0: [8192, 0] }).map(16, { 0: [8192, 0], 1: [8192, 1] })
    expect(findings(vm.save(), 'I305')).toEqual([])
  })

  it('is told of once for each pair of devices when nobody knows either, with the first event that has it', () => {
    const vm = new PlantedVm()
      .map(8, { 0: [8192, 0], 1: [8193, 0] })
      .map(16, { 0: [8192, 0], 1: [8193, 1], 4: [8200, 0] })
      .map(24, { 1: [8193, 0] })
      .save()
    expect(says(toldBy(vm), 'I305')).toEqual([
      'LPI 8192 and 1 more are claimed by event 0 of DeviceID 0x10 on and by event 0 of DeviceID 0x8 on.',
      'LPI 8193 is claimed by event 1 of DeviceID 0x18 and by event 1 of DeviceID 0x8.',
    ])
    expect(findings(vm, 'I305')[0]).toMatchObject({ severity: 'latent', confidence: 'inferred', fix: { writes: [] } })
    expect(findings(vm, 'I305')[0]!.entries.map(({ role }) => role)).toEqual(['claims it too', 'claims it too'])
  })

  it('is told of with the dead one, wherever it lies, and mended by clearing its entry', () => {
    const device = new PlantedVm()
      .map(8, { 0: [8192, 0] })
      .map(16, { 0: [8192, 0] })
      .save()
      .unmap(8)
    const event = new PlantedVm()
      .map(16, { 0: [8192, 0], 1: [8193, 1], 5: [8193, 0] })
      .save()
      .discard(16, 1)
    for (const [vm, text, at] of [
      [device, 'LPI 8192 is claimed by event 0 of DeviceID 0x8 and by event 0 of DeviceID 0x10.', device.dteAt(8)],
      [event, 'LPI 8193 is claimed by event 1 of DeviceID 0x10 and by event 5 of DeviceID 0x10.', event.iteAt(16, 1)],
    ] as const) {
      expect(findings(vm, 'I305')).toMatchObject([
        {
          says: text,
          severity: 'corrupts',
          confidence: 'proven',
          fix: { safe: true, writes: [{ at }] },
          entries: [{ role: 'orphan' }, { role: 'live' }],
        },
      ])
    }
  })

  it('is not mended by clearing a word that is a live event of another device', () => {
    const vm = new PlantedVm()
      .map(16, { 0: [8192, 0] })
      .map(24, { 1: [8193, 1] }, { ittAddr: new PlantedVm().itt(16) })
      .save()
    expect(findings(vm, 'I305').map(({ deviceId, eventId, fix }) => [deviceId, eventId, fix.writes])).toEqual([
      [24, 0, []],
      [16, 1, []],
    ])
  })

  it('is no claim where a number is no LPI, or a device none that KVM has', () => {
    for (const pintid of [40, 8191, 65536, 70000]) {
      const vm = new PlantedVm().map(16, { 0: [pintid, 0] }).map(24, { 0: [pintid, 0] })
      expect(findings(toldBy(vm.save(), pciFunction(16, [0])), 'I305'), `${pintid}`).toEqual([])
    }
    const last = new PlantedVm().map(16, { 0: [65535, 0] }).map(24, { 0: [65535, 0] })
    expect(findings(toldBy(last.save(), pciFunction(16, [0])), 'I305')).toHaveLength(1)
    const huge = new PlantedVm()
      .map(8, {})
      .map(16, { 0: [8192, 0] })
      .save()
      .dte(8, { ittAddr: new PlantedVm().itt(16), size: 16, next: 8 })
    expect(findings(huge, 'I305')).toEqual([])
  })

  it('is told of for each ITS whose live event has it', () => {
    const first = new PlantedVm({ ramBytes: 0x600_0000 }).map(8, { 0: [8192, 0] }).save()
    const second = new PlantedVm({ beside: first }).map(16, { 0: [8192, 0] }).save()
    const third = new PlantedVm({ beside: first }).map(24, { 0: [8300, 0], 1: [8192, 0] })
    const told = () =>
      setScenes({ profile: sharing, ...first.input() }).map((scene) =>
        audit(scene).findings.flatMap((one) => (one.code === 'I305' ? [one.says] : [])),
      )
    third.save()
    expect(told()).toEqual([
      [],
      ['LPI 8192 is claimed by event 0 of DeviceID 0x10 and by event 0 of DeviceID 0x8 of ITS 0.'],
      ['LPI 8192 is claimed by event 1 of DeviceID 0x18 and by event 0 of DeviceID 0x8 of ITS 0.'],
    ])
    second.map(32, { 0: [8300, 0] }).save()
    expect(told()[2]).toContain('LPI 8300 is claimed by event 0 of DeviceID 0x18 and by event 0 of DeviceID 0x20 of ITS 1.')
  })
})

describe('ITTs that share memory', () => {
  /** Device 16 has 0x800 bytes, and the others 0x100 each, at these distances. */
  const inSixteen = (distances: Readonly<Record<number, number>>) => {
    const vm = new PlantedVm().map(16, {}, { ittAddr: ITTS, bits: 8 })
    for (const [deviceId, distance] of Object.entries(distances)) vm.map(Number(deviceId), {}, { ittAddr: ITTS + distance })
    return vm.save()
  }

  it('are found wherever one begins inside another, in the order of their addresses, and not where it begins at its end', () => {
    expect(says(toldBy(inSixteen({ 8: 0x600, 24: 0x100, 32: 0x800, 40: 0x700 })), 'D206')).toEqual([
      'The ITT of DeviceID 0x18 shares memory with the ITT of DeviceID 0x10.',
      'The ITT of DeviceID 0x8 shares memory with the ITT of DeviceID 0x10.',
      'The ITT of DeviceID 0x28 shares memory with the ITT of DeviceID 0x10.',
    ])
  })

  it('are told of with the first of those that end last', () => {
    const vm = new PlantedVm()
      .map(8, {}, { ittAddr: ITTS, bits: 7 })
      .map(16, {}, { ittAddr: ITTS + 0x200, bits: 6 })
      .map(24, {}, { ittAddr: ITTS + 0x300 })
      .map(32, {}, { ittAddr: ITTS + 0x300, bits: 8 })
      .map(40, {}, { ittAddr: ITTS + 0xa00 })
      .save()
    expect(findings(toldBy(vm), 'D206').map(({ entries }) => entries.map(({ id }) => id))).toEqual([
      ['DeviceID 0x10', 'DeviceID 0x8'],
      ['DeviceID 0x18', 'DeviceID 0x8'],
      ['DeviceID 0x20', 'DeviceID 0x8'],
      ['DeviceID 0x28', 'DeviceID 0x20'],
    ])
  })

  it.each([
    ['the dead one, which comes first in RAM', () => inSixteen({ 8: 0x100 }).unmap(16), 16, true],
    ['the dead one, which comes later in RAM', () => inSixteen({ 8: 0x100 }).unmap(8), 8, true],
    ['the one that nobody knows beside a live one', () => toldBy(inSixteen({ 8: 0x100 }), pciFunction(8, [])), 16, false],
    ['the one that nobody knows inside a live one', () => toldBy(inSixteen({ 8: 0x100 }), pciFunction(16, [])), 8, false],
    ['the later in RAM of two live ones', () => inSixteen({ 8: 0x100 }), 8, false],
    ['the later in RAM of two that nobody knows', () => toldBy(inSixteen({ 8: 0x100 })), 8, false],
  ])('are told of with the one that is stale: %s', (_what, vm, stale, isDead) => {
    const found = findings(vm(), 'D206')
    expect(found.map(({ deviceId, confidence, fix }) => [deviceId, confidence, fix.safe])).toEqual([
      [stale, isDead ? 'proven' : 'inferred', isDead],
    ])
    expect(found[0]!.entries.map(({ role }) => role)).toEqual([isDead ? 'orphan' : 'shares memory', 'shares memory'])
  })

  it('are nothing more to tell of when both are dead', () => {
    expect(says(inSixteen({ 8: 0x100 }).unmap(8).unmap(16), 'D206')).toEqual([])
  })

  it('are those of devices with up to 16 EventID bits: KVM has no other', () => {
    const sized = (bits: number) => new PlantedVm().map(8, {}, { ittAddr: ITTS, bits }).map(16, {}, { ittAddr: ITTS + 0x7_ff00 })
    expect(findings(toldBy(sized(16).save(), pciFunction(8, [])), 'D206')).toHaveLength(1)
    expect(findings(toldBy(sized(17).save(), pciFunction(8, [])), 'D206')).toEqual([])
  })
})

describe('a claim of the dead', () => {
  it('is only inferred, and its entry not safe to clear, when witnesses disagree elsewhere', () => {
    const vm = new PlantedVm()
      .map(8, { 0: [8192, 0] })
      .map(16, { 0: [8192, 0] })
      .map(24, {}, { ittAddr: new PlantedVm().itt(16) })
      .map(40, { 0: [8200, 0] })
      .save()
      .unmap(8)
      .unmap(24)
    vm.more = { msi: [pciFunction(40, [])] }
    for (const code of ['I305', 'D206']) {
      for (const finding of findings(vm, code)) expect(finding).toMatchObject({ confidence: 'inferred', fix: { safe: false } })
      expect(findings(vm, code)[0]!.fix.writes).toHaveLength(1)
    }
  })
})

describe('an event whose pINTID is behind the last LPI', () => {
  it('is told of, though KVM restores it: nobody can configure it', () => {
    const vm = new PlantedVm()
      .map(8, { 0: [8192, 0] })
      .map(16, { 0: [70000, 0], 1: [65536, 1], 2: [65535, 1] })
      .map(24, { 0: [70000, 0] })
      .save()
    toldBy(vm, pciFunction(8, [0]), pciFunction(16, [0, 1, 2]))
    expect(findings(vm, 'I301')).toMatchObject([
      {
        deviceId: 16,
        eventId: 0,
        confidence: 'proven',
        says: 'Event 0 of DeviceID 0x10 has pINTID 70000; LPIs go from 8192 to 65535.',
        at: vm.iteAt(16, 0),
        entries: [{ role: 'no LPI' }],
        fix: { safe: false, writes: [{ at: vm.iteAt(16, 0), to: [0, 0] }] },
      },
      { deviceId: 16, eventId: 1, says: 'Event 1 of DeviceID 0x10 has pINTID 65536; LPIs go from 8192 to 65535.' },
    ])
  })
})

describe('a chain that leaves the device table', () => {
  const leading = (next: number) => {
    const vm = new PlantedVm().map(16, {})
    return vm.save().dte(16, { ittAddr: vm.itt(16), size: 4, next })
  }

  it('leads to the entry behind its last one, or farther', () => {
    expect(says(leading(8191 - 16), 'D208')).toEqual([])
    expect(says(leading(8192 - 16), 'D208')).toEqual([
      "next of DeviceID 0x10 points 8176 entries on, past the device table's 8192 entries.",
    ])
  })

  it('leads past all DeviceIDs that there are, in a table of two levels', () => {
    const vm = new PlantedVm({ indirect: true }).map(60000, {}).save()
    expect(says(vm.dte(60000, { ittAddr: vm.itt(60000), size: 4, next: 5535 }), 'D208')).toEqual([])
    expect(says(vm.dte(60000, { ittAddr: vm.itt(60000), size: 4, next: 5536 }), 'D208')).toEqual([
      "next of DeviceID 0xea60 points 5536 entries on, past the device table's 65536 entries.",
    ])
  })

  it('is mended with the distance of the next device that is not dead', () => {
    const vm = new PlantedVm().map(8, {}).map(12, {}).map(16, {}).save().unmap(12)
    const [found] = findings(vm.dte(8, { ittAddr: vm.itt(8), size: 4, next: 10000 }), 'D208')
    expect(found).toMatchObject({ severity: 'corrupts', fix: { says: 'write next=8 at 0x40020040', safe: true } })
    expect(findings(leading(10000), 'D208')[0]!.fix.says).toBe('write next=0 at 0x40020080')
  })
})

describe('a jump past the page of a table, on a kernel that then reads on there', () => {
  const led = (next: number, options = {}) => {
    const vm = Object.assign(new PlantedVm(options).map(16, {}), { more: { profile: profiles['linux-5.10'] } })
    return vm.save().dte(16, { ittAddr: vm.itt(16), size: 4, next })
  }

  it.each([
    ['of one level', {}],
    ['of two levels', { indirect: true }],
  ])('is told of from the entry behind the last one on, in a table %s', (_what, options) => {
    expect(says(led(8176, options), 'D213')).toEqual([])
    expect(says(led(8177, options), 'D213')).toEqual([
      'next of DeviceID 0x10 jumps 8177 entries on, past the 8176 that are left of its table page.',
    ])
    const newest = Object.assign(led(8177, options), { more: {} })
    expect(says(newest, 'D213')).toEqual([])
  })
})
