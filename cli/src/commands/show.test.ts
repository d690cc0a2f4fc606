import { describe, expect, it } from 'vitest'
import { GICR_PENDBASER, HEAD_DTE, HEAD_ITE, HEAD_MAGIC } from '../../../core/src/abi/index.ts'
import { parseGuestText } from '../../../core/src/audit/testing/guest-text.ts'
import { PlantedVm } from '../../../core/src/audit/testing/planted-vm.ts'
import { fixtureFile, fixtureText } from '../../../core/src/formats/testing/fixtures.ts'
import { plantedCase } from '../../../core/src/inspect/testing/planted-machine.ts'
import type { Gpa } from '../../../core/src/memory/index.ts'
import { vits } from '../testing/fake-io.ts'

const saved = (name: string) => fixtureFile(`${name}.mig.zst`).pathname

describe('vits show', () => {
  it('lists what the guest says itself', async () => {
    const { out } = await vits(['show', saved('scattered-clean'), '--view', 'guest', '--json'])
    const view = JSON.parse(out) as { devices: { deviceId: number; events: { eventId: number; lpi: number }[] }[] }
    const text = parseGuestText(fixtureText('scattered-clean.guest-view.txt')!)
    const events = view.devices.flatMap(({ deviceId, events }) =>
      events.map(({ eventId, lpi }) => [`${deviceId}:${eventId}`, lpi]),
    )
    expect(Object.fromEntries(events)).toEqual(Object.fromEntries(text.events))
  })

  it('tells the three views apart', async () => {
    const devices = async (view: string) =>
      JSON.parse((await vits(['show', saved('ghosts'), '--view', view, '--json'])).out).devices.length
    expect([await devices('tables'), await devices('restored'), await devices('guest')]).toEqual([10, 8, 7])
  })

  it('lists the collections with their RDbase', async () => {
    const { collections } = JSON.parse((await vits(['show', saved('scattered-clean'), '--view', 'tables', '--json'])).out)
    expect(collections.slice(0, 2)).toEqual([
      { icid: 0, rdbase: 0 },
      { icid: 1, rdbase: 1 },
    ])
  })

  it('says why a restore brings back nothing', async () => {
    const { out, code } = await vits(['show', saved('scattered-unrestorable'), '--view', 'restored'])
    expect([code, out]).toEqual([
      0,
      'The restore fails with EINVAL at DeviceID 0x5200 event 0: the ICID has no collection. KVM drops the 10 devices it had read.\n',
    ])
    const { out: json } = await vits(['show', saved('scattered-unrestorable'), '--view', 'restored', '--json'])
    expect(JSON.parse(json)).toMatchObject({ view: 'restored', errno: 'EINVAL', devices: [], stop: { deviceId: 20992 } })
  })

  it('prints one line for each device and event', async () => {
    const { out } = await vits(['show', saved('numa')])
    expect(out).toContain(
      'device 0x100 (virtio-blk 01:00.0)  ITT 0x4274b800  2 EventID bits\n  event 0  LPI 8193  collection 0  configuration\n',
    )
  })
})

describe('the view of the guest', () => {
  it('names by what rules its witnesses say that it has each device and event', async () => {
    const { devices } = JSON.parse((await vits(['show', saved('wrapped'), '--view', 'guest', '--json'])).out)
    const rules = new Set(devices.flatMap((device: { rules: string[] }) => device.rules))
    expect([...rules].sort()).toEqual(['R-pci-on', 'R-ring-mapped', 'R-ring-named'])
    const of = devices.flatMap(({ events }: { events: { rules: string[] }[] }) => events.map((event) => event.rules.join()))
    expect([...new Set(of)].sort()).toEqual(['R-pci-vector', 'R-ring-mapped,R-pci-vector', 'R-ring-named,R-pci-vector'])
    expect((await vits(['show', saved('wrapped'), '--json'])).out).not.toContain('R-ring')
  })
})

describe('the words of vits show', () => {
  it('count the EventID bits of an ITT as a person does', async () => {
    const { out } = await vits(['show', saved('healthy')])
    expect(out).toContain('device 0x8 (pcie-root-port 00:01.0)  ITT 0x432fae00  1 EventID bit\n')
    expect(out).toMatch(/ITT 0x[0-9a-f]+ {2}[2-9] EventID bits\n/)
  })
})

/** Event 0 is pending on vCPU 0 and disabled; event 1 is pending on vCPU 0 and goes to vCPU 1; LPI 9000 is no event's. */
function planted(): PlantedVm {
  const vm = new PlantedVm().map(8, { 0: [8192, 0], 1: [8193, 1] }).save()
  const { address } = GICR_PENDBASER.unpack(vm.redistributors[0]!.pendbaser)
  vm.memory.setU8((address + 8192 / 8) as Gpa, 0b11)
  vm.memory.setU8((address + 9000 / 8) as Gpa, 1)
  return vm
}

it('show --view pending lists what is pending on each vCPU and of each event', async () => {
  const { code, out } = await vits(['show', '--view', 'pending', 'vm.vits'], { 'vm.vits': await plantedCase(planted()) })
  expect([code, out.trimEnd().split('\n')]).toEqual([
    0,
    [
      'vCPU 0  LPIs enabled  pending table 0x40070000  3 LPIs pending',
      '  LPI 8193 is pending, and its event goes to vCPU 1, where it is not',
      '  LPI 9000 is pending, and no event that goes here has it',
      'vCPU 1  LPIs enabled  pending table 0x40080000  nothing pending',
      'device 0x8',
      '  event 0  LPI 8192  vCPU 0  disabled  pending until it is enabled  bit 0 at 0x40070400',
      '  event 1  LPI 8193  vCPU 1  disabled  not pending  pending on vCPU 0, which no restore reads',
      '1 of 2 events pending, 1 of them disabled.',
    ],
  ])
})

it('show --view registers lists those of the ITS and of each vCPU, and where RAM is', async () => {
  const { code, out } = await vits(['show', '--view', 'registers', 'vm.vits'], { 'vm.vits': await plantedCase(planted()) })
  expect([code, out.trimEnd().split('\n')]).toEqual([
    0,
    [
      'ITS at 0x8080000',
      '  GITS_CTLR       0x80000001',
      '  GITS_IIDR       0x4b00043b',
      '  GITS_CBASER     0x800000004001000f',
      '  GITS_CWRITER    0xa0',
      '  GITS_CREADR     0xa0',
      '  GITS_BASER0     0x8107000040020200',
      '  GITS_BASER1     0x8407000040040200',
      'vCPU 0',
      '  GICR_CTLR       0x1',
      '  GICR_PROPBASER  0x4005000f',
      '  GICR_PENDBASER  0x40070000',
      'vCPU 1',
      '  GICR_CTLR       0x1',
      '  GICR_PROPBASER  0x4005000f',
      '  GICR_PENDBASER  0x40080000',
      'RAM 0x40000000 to 0x43ffffff',
    ],
  ])
})

it('show --view pending says what is not known', async () => {
  const vm = new PlantedVm().map(8, { 0: [8192, 7] }).save()
  vm.redistributors = vm.redistributors.map((one) => ({ ...one, pendbaser: 0n }))
  const { out } = await vits(['show', '--view', 'pending', 'vm.vits'], { 'vm.vits': await plantedCase(vm) })
  expect(out).toContain('vCPU 1  LPIs enabled  pending table 0x0  outside RAM\n')
  expect(out).toContain('  event 0  LPI 8192  no vCPU  disabled  pending bit unknown  not brought back\n')
  expect(out).toContain('0 of 1 event pending; of 1 it is not known.\n')
})

/** Device 24 has events 2 and 5; the heads name device 24 and event 5, of which the second is stale. */
function withHeads(): PlantedVm {
  const vm = new PlantedVm().map(24, { 2: [8194, 0], 5: [8195, 1] }).save()
  return vm
    .word(vm.dteAt(0), HEAD_DTE.encode({ magic: HEAD_MAGIC, first: 24 }))
    .word(vm.iteAt(24, 0), HEAD_ITE.encode({ magic: HEAD_MAGIC, first: 5 }))
}

describe('dummy heads', () => {
  it('are shown where they lie, with what they name, and which is stale', async () => {
    const file = { 'vm.vits': await plantedCase(withHeads()) }
    const { out } = await vits(['show', 'vm.vits', '--view', 'tables'], file)
    expect(out.split('\n').slice(2)).toEqual([
      'head at 0x40020000 names DeviceID 0x18',
      'device 0x18  ITT 0x41018000  5 EventID bits',
      '  head at 0x41018000 names event 5; the first live one is event 2: stale',
      '  event 2  LPI 8194  collection 0',
      '  event 5  LPI 8195  collection 1',
      '',
    ])
    const { heads } = JSON.parse((await vits(['show', 'vm.vits', '--view', 'tables', '--json'], file)).out)
    expect(heads).toEqual([
      { kind: 'DTE', gpa: '0x40020000', deviceId: 0, names: 24, first: 24, isStale: false },
      { kind: 'ITE', gpa: '0x41018000', deviceId: 24, names: 5, first: 2, isStale: true },
    ])
  })

  it('are counted in a check, with who reads them, and a stale one is a leftover', async () => {
    const file = { 'vm.vits': await plantedCase(withHeads()) }
    const { out, code } = await vits(['check', 'vm.vits'], file)
    expect(code).toBe(0)
    expect(out).toContain('  heads     1 of the device table and 1 of ITTs, 1 stale; read by proposal-2024 alone\n')
    expect(out).toContain('The head in the ITT of DeviceID 0x18 names event 5; the first live one is event 2.')
    const { heads, findings } = JSON.parse((await vits(['check', '--json', 'vm.vits'], file)).out)
    expect(heads).toEqual({ deviceTable: 1, itts: 1, stale: 1, readBy: ['proposal-2024'] })
    expect(findings.map((one: { code: string; severity: string }) => [one.code, one.severity])).toEqual([['I311', 'latent']])
    const followed = JSON.parse((await vits(['check', '--json', '--kernel', 'proposal-2024', 'vm.vits'], file)).out)
    expect([followed.verdict, followed.lost]).toEqual(['corrupts', 1])
  })
})
