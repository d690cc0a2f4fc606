import { describe, expect, it } from 'vitest'
import { GITS_BASER, GITS_CBASER, type SavedIts, VIRT_ITS } from '../abi/index.ts'
import { defaultBudget } from '../budget/index.ts'
import { budgetFor } from '../budget/testing/budget-for.ts'
import type { Gpa } from '../memory/index.ts'
import { type GuestKernel, type KernelIts, readGuestKernel } from './guest-kernel.ts'
import { btfOf, kernels, type LinuxDevice, LinuxMemory, RAM, releases } from './testing/linux-memory.ts'

const table = { addressHigh: 0, valid: true, pageSize: 2, entrySize: 7 }

function savedIts(n = 0): SavedIts {
  const at = RAM + (64 << 20) + n * (1 << 20)
  return {
    base: (VIRT_ITS + n * 0x2_0000) as Gpa,
    ctlr: 1,
    iidr: 0x43b,
    cbaser: GITS_CBASER.pack({ valid: true, address: at, pages: 15 }),
    cwriter: 0x1a0n,
    creadr: 0x1a0n,
    baser: [
      GITS_BASER.pack({ ...table, type: 1, indirect: true, addressLow: at + 0x1_0000 }),
      GITS_BASER.pack({ ...table, type: 4, addressLow: at + 0x2_0000 }),
      ...new Array<bigint>(6).fill(0n),
    ],
  }
}

const its = savedIts()
const ITT = RAM + 0x30_0000
const disk: LinuxDevice = { deviceId: 8, itt: ITT, lpiBase: 8192, events: { 0: 0, 2: 1 } }
const net: LinuxDevice = { deviceId: 0x300, itt: ITT + 0x1000, lpiBase: 8224, events: { 0: 1, 1: 0, 40: 3 }, nrLpis: 64 }
const devices = [disk, net]

const itts = (of: readonly LinuxDevice[]) => new Map(of.map(({ itt, deviceId }) => [itt, [deviceId]]))

function found({ itses: [answer] }: Pick<GuestKernel, 'itses'>): KernelIts {
  if (answer === undefined || !('found' in answer)) throw new Error(`not found: ${JSON.stringify(answer)}`)
  return answer.found
}

const reasonOf = ({ itses: [answer] }: GuestKernel): string | undefined =>
  answer !== undefined && 'missing' in answer ? answer.missing.reason : undefined

const read = (linux: LinuxMemory, known = devices, itses = [its]) =>
  readGuestKernel(linux.ram(), itses, { itts: itses.map(() => itts(known)) })

/** What is known, as the devices were planted. */
function known({ devices }: KernelIts): Omit<LinuxDevice, 'nrLpis'>[] {
  return [...devices.values()].map((device) => ({
    deviceId: device.deviceId,
    itt: device.itt ?? 0,
    lpiBase: device.pintid(0),
    events: Object.fromEntries(device.eventIds().map((eventId) => [eventId, device.icid(eventId)])),
  }))
}

const planted = devices.map(({ nrLpis: _, ...device }) => device)

describe('what the guest kernel knows of its ITS', () => {
  it.each(releases)('is read from %s, by its BTF and without', async (release) => {
    const plain = new LinuxMemory({ release })
    plain.its(its, devices)
    const probed = found(await read(plain))
    expect([probed.by, known(probed)]).toEqual(['probing', planted])
    const withBtf = found(await read(plain.btf()))
    expect([withBtf.by, known(withBtf)]).toEqual(['BTF', planted])
  })

  it.each([
    ['39', 0xffff_ff80_0000_0000n],
    ['42', 0xffff_fc00_0000_0000n],
    ['48', 0xffff_0000_0000_0000n],
    ['52', 0xfff0_0000_0000_0000n],
    ['48, tagged,', 0xf5ff_0000_0000_0000n],
    ['48, with RAM that begins elsewhere,', 0xffff_0000_0000_0000n + 0x12_3450_0000n],
  ])('is read where kernel addresses of %s bits map RAM', async (_, pageOffset) => {
    const linux = new LinuxMemory({ pageOffset })
    linux.its(its, devices)
    expect(known(found(await read(linux)))).toEqual(planted)
    expect(known(found(await read(linux.btf())))).toEqual(planted)
  })

  it('is read of each ITS', async () => {
    const linux = new LinuxMemory().btf()
    const itses = [its, savedIts(1)]
    linux.its(itses[0]!, [disk])
    linux.its(itses[1]!, [net])
    const answers = (await read(linux, devices, itses)).itses
    expect(answers.map((answer) => [...found({ itses: [answer] }).devices.keys()])).toEqual([[8], [0x300]])
  })

  it('tells an event that is not allocated, whatever its number', async () => {
    const linux = new LinuxMemory().btf()
    linux.its(its, devices)
    const device = found(await read(linux)).devices.get(0x300)!
    expect([39, 40, 41, 64, 2 ** 31].map((eventId) => device.allocated(eventId))).toEqual([false, true, false, false, false])
    expect([device.pintid(40), device.icid(40)]).toEqual([8264, 3])
  })

  it('may be that there is no device, if BTF says where the list is', async () => {
    const linux = new LinuxMemory()
    linux.its(its, [])
    expect(reasonOf(await read(linux))).toBe('no BTF, and no device of the list that the tables have')
    expect(found(await read(linux.btf())).devices.size).toBe(0)
  })

  it('is read again from the bytes that it was read from, alone', async () => {
    const linux = new LinuxMemory().btf()
    linux.its(its, devices)
    const { read: ranges } = await read(linux)
    const alone = new LinuxMemory()
    for (const { base, bytes } of ranges) alone.memory.write(base, linux.memory.read(base, bytes))
    expect(known(found(await read(alone)))).toEqual(planted)
  })

  it('has commands that the ITS was not told of yet', async () => {
    const linux = new LinuxMemory().btf()
    linux.its(its, devices, 64)
    expect(found(await read(linux)).unsent).toBe(64)
  })

  it('stays what it is without a device that the tables have', async () => {
    const linux = new LinuxMemory().btf()
    linux.its(its, devices)
    expect(known(found(await read(linux, [])))).toEqual(planted)
  })

  it('is not what an earlier kernel left', async () => {
    const linux = new LinuxMemory().btf()
    linux.its({ ...its, cwriter: 0x800n }, [{ ...disk, deviceId: 9 }])
    expect(reasonOf(await read(linux))).toBe('the queue is written elsewhere: what is left of an earlier kernel')
    linux.its(its, devices)
    expect(known(found(await read(linux)))).toEqual(planted)
  })

  it('is read by the BTF of the kernel whose devices the tables have', async () => {
    const linux = new LinuxMemory({ release: '7.3.4+deb13-cloud-arm64' })
    linux.its(its, [disk])
    const earlier = btfOf({ ...kernels['7.3.4+deb13-cloud-arm64'], its_device: kernels['6.1.0-50-cloud-arm64']!['its_device']! })
    linux.btf(RAM + (2 << 20), earlier)
    expect([...found(await read(linux, [disk])).devices.keys()]).toEqual([32])
    expect([...found(await read(linux.btf(RAM + (20 << 20)), [disk])).devices.keys()]).toEqual([8])
  })

  it.each<[string, (linux: LinuxMemory, at: { list: number; devices: readonly number[] }) => void, string]>([
    [
      'nothing of it is there',
      (linux) => linux.memory.fill(RAM as Gpa, 60 << 20),
      'no copy of the registers of the ITS is in the RAM that was searched',
    ],
    [
      'the list leads out of RAM',
      (linux, { devices }) => linux.u64(devices[1]!, 0xffff_7000_0000_0000n),
      'a pointer leads out of RAM',
    ],
    [
      'the list leads to user space',
      (linux, { devices }) => linux.u64(devices[1]!, 0x1000n),
      'the list of devices leads nowhere',
    ],
    [
      'the list runs in a circle',
      (linux, { devices }) => linux.pointer(devices[1]!, devices[0]!),
      'the list of devices does not lead back',
    ],
    [
      'a device is there twice',
      (linux, { devices }) => linux.memory.setU32(linux.member('its_device', 'device_id', devices[1]!) as Gpa, 8),
      'two devices of the list have one DeviceID',
    ],
    [
      'a device has more events than there are',
      (linux, { devices }) => linux.memory.setU32((devices[0]! + 24 + 24) as Gpa, 0xffff_ffff),
      '4294967295 events from LPI 8192 on',
    ],
    ['a device has no LPIs', (linux, { devices }) => linux.u64(devices[0]! + 24 + 16, 32n), '32 events from LPI 32 on'],
    ['a device has no map', (linux, { devices }) => linux.u64(devices[0]! + 24, 0n), 'a device without a map of its events'],
    [
      'a map is not in RAM',
      (linux, { devices }) => linux.u64(devices[0]! + 24, 0xffff_f000_0000_0000n),
      'a pointer leads out of RAM',
    ],
  ])('is not believed where %s', async (_, spoil, reason) => {
    const linux = new LinuxMemory()
    const at = linux.its(its, devices)
    linux.btf()
    spoil(linux, at)
    expect(reasonOf(await read(linux))).toBe(reason)
  })

  it.each<[string, Partial<SavedIts>, string]>([
    [
      'command queue',
      { cbaser: GITS_CBASER.pack({ valid: true, address: RAM + (70 << 20), pages: 15 }) },
      'another command queue',
    ],
    ['ITS', { base: 0x0900_0000 as Gpa }, 'an ITS at another address'],
  ])('is not believed of another %s', async (_, other, reason) => {
    const linux = new LinuxMemory().btf()
    linux.its(its, devices)
    expect(reasonOf(await read(linux, devices, [{ ...its, ...other }]))).toBe(reason)
  })

  it('is not looked for of an ITS whose tables the guest has not set', async () => {
    const linux = new LinuxMemory().btf()
    linux.its(its, devices)
    const unset = { ...its, baser: its.baser.map(() => 0n) }
    expect(reasonOf(await read(linux, devices, [unset]))).toMatch(/^no copy/)
  })

  it('is looked for near the tables and the queue first, and no further than it has to be', async () => {
    const linux = new LinuxMemory({ heap: RAM + (66 << 20) }).btf(RAM + (68 << 20) + 4)
    linux.its(its, devices)
    const seen: number[] = []
    const options = { itts: [itts(devices)], progress: (done: number) => seen.push(done) }
    found(await readGuestKernel(linux.ram(), [its], options))
    expect(seen).toEqual([])
  })

  it('is no work without end in RAM that is full of what is sought', async () => {
    const linux = new LinuxMemory()
    for (let at = RAM; at < RAM + (4 << 20); at += 8) linux.u64(at, its.baser[0]!)
    for (let at = RAM + (4 << 20); at < RAM + (8 << 20); at += 64) linux.memory.write(at as Gpa, btfOf({}).subarray(0, 24))
    expect(reasonOf(await read(linux))).toBe('no copy of GITS_BASER0 and GITS_BASER1')
  })

  it('is no work without end where every device of a long list has as many events as there can be', async () => {
    const linux = new LinuxMemory().btf()
    const many = Array.from({ length: 5000 }, (_, n) => ({ ...disk, deviceId: n, nrLpis: 1 }))
    const { devices: at } = linux.its(its, many)
    for (const device of at) {
      linux.memory.setU32(linux.member('event_lpi_map', 'nr_lpis', device + 24) as Gpa, 65_536)
      linux.pointer(linux.member('event_lpi_map', 'lpi_map', device + 24), RAM)
      linux.pointer(linux.member('event_lpi_map', 'col_map', device + 24), RAM)
    }
    expect(reasonOf(await read(linux, []))).toBe('more would have to be read than the budget allows')
  })

  it.each([
    ['a member lies pages away from the others', 0x2_0000],
    ['a member does not begin at a byte', 0.125],
    ['a member begins within a word', 2],
  ])('is not read by BTF in which %s', async (_, moved) => {
    const linux = new LinuxMemory()
    linux.its(its, devices)
    const structs = kernels['6.12.107+deb13-cloud-arm64']!
    const { bytes, members } = structs['event_lpi_map']!
    linux.btf(
      undefined,
      btfOf({ ...structs, event_lpi_map: { bytes, members: { ...members, col_map: members['col_map']! + moved } } }),
    )
    expect(reasonOf(await read(linux, []))).toMatch(/BTF|map of its events|out of RAM/)
  })

  it('is looked for in no more RAM than the budget allows', async () => {
    const linux = new LinuxMemory()
    linux.its(its, devices)
    const ram = linux.ram()
    const little = { itts: [itts(devices)], budget: { ...defaultBudget, ...budgetFor('search', 16 << 20) } }
    expect(reasonOf(await readGuestKernel(ram, [its], little))).toMatch(/^no copy/)
    const few = { itts: [itts(devices)], everywhere: true, budget: { ...defaultBudget, ...budgetFor('structures', 0) } }
    expect(reasonOf(await readGuestKernel(ram, [its], few))).toBe('more would have to be read than the budget allows')
  })
})
