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
      'Judged for linux-7.3.4, the newest kernel known: no --kernel is given.\nThe restore fails with EINVAL at DeviceID 0x5200 event 0: the ICID has no collection. KVM drops the 10 devices it had read.\n',
    ])
    const { out: json } = await vits(['show', saved('scattered-unrestorable'), '--view', 'restored', '--json'])
    expect(JSON.parse(json)).toMatchObject({ view: 'restored', errno: 'EINVAL', devices: [], stop: { deviceId: 20992 } })
  })

  it('prints one line for each device and event', async () => {
    const { out } = await vits(['show', saved('numa')])
    expect(out).toContain(
      'device 0x100 (virtio-blk 01:00.0)  ITT 0x4274b800  2 EventID bits\n  event 0  LPI 8193  collection 0  enabled  configuration\n',
    )
  })
})

describe('what the guest has given up', () => {
  it('is marked beside what is live, in text and in JSON', async () => {
    const { out } = await vits(['show', saved('ghosts')])
    expect(out).toContain('device 0x8 (pcie-root-port 00:01.0)  ITT 0x440db000  1 EventID bit  orphan\n')
    expect(out).toContain('device 0x10 (pcie-root-port 00:02.0)  ITT 0x43eeca00  1 EventID bit\n')
    expect(out).toContain('  event 0  LPI 8229  collection 0  disabled  orphan\n')
    const { devices } = JSON.parse((await vits(['show', '--json', saved('ghosts')])).out)
    const dead = devices.filter(({ belief }: { belief: string }) => belief === 'dead')
    expect(dead.map(({ deviceId }: { deviceId: number }) => deviceId)).toEqual([8, 40, 512])
    expect(devices.find(({ deviceId }: { deviceId: number }) => deviceId === 0x300).events[0]).toMatchObject({ belief: 'dead' })
    const clean = await vits(['show', saved('healthy')])
    expect(clean.out).not.toContain('orphan')
  })

  it('is not said to be given up where no witness knows', async () => {
    expect((await vits(['show', saved('wrapped')])).out).toMatch(/ {2}perhaps an orphan\n/)
  })
})

describe('the words of the tables', () => {
  it('stand with their addresses before what they mean, of live entries and of others', async () => {
    const { out } = await vits(['show', '--raw', '--device', '0x200', saved('ghosts')])
    expect(out.split('\n')).toEqual([
      '0x435e0000  0x80000000_00000000  collection 0  V=1 RDbase 0 ICID 0',
      '0x435e0008  0x80000000_00010001  collection 1  V=1 RDbase 1 ICID 1',
      '0x44161000  0x82000000_087ddfc2  device 0x200 (virtio-blk 02:00.0)  V=1 next=+256 ITT=0x43eefe00 bits=3  orphan',
      '  0x43eefe00  0x00010000_20130000  event 0  next=+1 LPI 8211 ICID 0  enabled  orphan',
      '  0x43eefe08  0x00010000_20140000  event 1  next=+1 LPI 8212 ICID 0  enabled  orphan',
      '  0x43eefe10  0x00000000_20150001  event 2  next=0 LPI 8213 ICID 1   enabled  orphan',
      '',
    ])
    const { devices, collections } = JSON.parse(
      (await vits(['show', '--json', '--raw', '--device', '0x200', saved('ghosts')])).out,
    )
    expect(collections[0].entry).toEqual({ gpa: '0x435e0000', word: '0x80000000_00000000' })
    expect(devices[0]).toMatchObject({
      entry: { gpa: '0x44161000', word: '0x82000000_087ddfc2' },
      events: [{ entry: { gpa: '0x43eefe00', word: '0x00010000_20130000' } }, {}, {}],
    })
  })

  it('are missing of what the guest has mapped and the tables have not', async () => {
    const vm = new PlantedVm().map(16, { 0: [8192, 0] }).save()
    vm.word(vm.iteAt(16, 0), { lo: 0, hi: 0 })
    const { out } = await vits(['show', '--raw', '--view', 'guest', 'vm.vits'], { 'vm.vits': await plantedCase(vm) })
    expect(out).toContain('  not in the tables  event 0  LPI 8192 collection 0')
  })
})

describe('the rows that are asked for', () => {
  const shown = async (...args: string[]) =>
    (await vits(['show', ...args, saved('ghosts')])).out.split('\n').flatMap((line) => /^device (0x\w+)/.exec(line)?.[1] ?? [])

  it.each([
    [['--device', '0x20'], ['0x20']],
    [
      ['--device', '32,0x300'],
      ['0x20', '0x300'],
    ],
    [['--device', '03:00.0'], ['0x300']],
    [['--device', '0000:03:00.0'], ['0x300']],
    [
      ['--name', 'disk'],
      ['0x28', '0x30', '0x200'],
    ],
    [
      ['--name', 'VIRTIO-BLK'],
      ['0x28', '0x200'],
    ],
    [
      ['--name', 'network', '--name', 'rng'],
      ['0x20', '0x38', '0x100', '0x300'],
    ],
    [
      ['--lpi', '8211'],
      ['0x30', '0x200'],
    ],
    [['--lpi', '0x2013', '--name', 'virtio-scsi'], ['0x30']],
    [['--view', 'pending', '--name', 'rng'], ['0x38']],
    [['--view', 'guest', '--name', 'virtio-blk'], []],
  ])('are those of %j', async (args, ids) => {
    expect(await shown(...args)).toEqual(ids)
  })

  it('come with the collections of their events, and with nothing where there are none', async () => {
    const { out } = await vits(['show', '--lpi', '8197', saved('ghosts')])
    expect(out.split('\n')).toEqual([
      'collection 1  RDbase 1',
      'device 0x20 (virtio-net 00:04.0)  ITT 0x44373400  3 EventID bits',
      '  event 2  LPI 8197  collection 1  enabled  transmit queue 0',
      '',
    ])
    expect(await vits(['show', '--name', 'floppy', saved('ghosts')])).toMatchObject({
      code: 0,
      out: 'No device and no event is one of those.\n',
    })
    expect(JSON.parse((await vits(['show', '--json', '--lpi', '8197', saved('ghosts')])).out)).toMatchObject({
      collections: [{ icid: 1 }],
      devices: [{ deviceId: 0x20, events: [{ eventId: 2, isEnabled: true, isPending: false }] }],
    })
  })

  it.each([
    [['--device', 'disk'], "'disk' is no DeviceID or PCI address"],
    [['--lpi', 'all'], "'all' is no LPI"],
    [['--view', 'registers', '--name', 'disk'], 'choose devices and events'],
    [['--view', 'pending', '--raw'], '--raw is for'],
    [['--kernel', 'linux-5.10'], '--kernel is for what a restore brings back'],
  ])('are refused where they make no sense: %j', async (args, says) => {
    expect(await vits(['show', ...args, saved('ghosts')])).toMatchObject({ code: 16, err: expect.stringContaining(says) })
  })
})

it('show --view restored is of the kernel that is named', async () => {
  const restored = async (kernel: string) =>
    (await vits(['show', '--view', 'restored', '--kernel', kernel, saved('scattered-unrestorable')])).out
  expect(await restored('linux-5.10')).toMatch(/^Judged for linux-5\.10, as --kernel says\.\nThe restore fails with EFAULT /)
  expect(await restored('6.1.0-28-arm64')).toMatch(/^Judged for 6\.1\.0-28-arm64, .*\nThe restore fails with EINVAL /)
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
      '  event 2  LPI 8194  collection 0  disabled',
      '  event 5  LPI 8195  collection 1  disabled',
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
