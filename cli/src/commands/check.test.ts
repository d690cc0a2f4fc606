import { gpa, PAGE_BYTES } from '@vits/core/memory'
import { describe, expect, it } from 'vitest'
import { parseGuestText } from '../../../core/src/audit/testing/guest-text.ts'
import { PlantedVm } from '../../../core/src/audit/testing/planted-vm.ts'
import { writeCase } from '../../../core/src/formats/index.ts'
import { fixtureBytes, fixtureFile, fixtureText, openFixture } from '../../../core/src/formats/testing/fixtures.ts'
import { inspect } from '../../../core/src/inspect/index.ts'
import { plantedMachine } from '../../../core/src/inspect/testing/planted-machine.ts'
import { ittRanges, tableView } from '../../../core/src/tables/index.ts'
import { vits } from '../testing/fake-io.ts'

const saved = (name: string) => fixtureFile(`${name}.mig.zst`).pathname

describe('vits check', () => {
  it.each`
    file                       | code | last
    ${'healthy'}               | ${0} | ${'Restores cleanly.'}
    ${'unrestorable.repaired'} | ${0} | ${'Restores cleanly.'}
    ${'ghosts'}                | ${4} | ${'Restores, but wrongly. Do not resume this VM.'}
    ${'unrestorable'}          | ${4} | ${'The restore fails: EINVAL at DeviceID 0x18 event 1: the pINTID is below the first LPI, 8192.'}
  `('$file: exit $code', async ({ file, code, last }) => {
    const ran = await vits(['check', saved(file)])
    expect([ran.code, ran.err]).toEqual([code, ''])
    expect(ran.out).toContain(last)
  })

  it('answers no 0 where it could not look, and says so', async () => {
    const vm = new PlantedVm().map(8, { 0: [8192, 0] }).save()
    const [itt] = ittRanges(vm.memory, tableView(vm.registers()).deviceTable)
    const unlocated = [{ base: gpa(itt!.base - (itt!.base % PAGE_BYTES)), bytes: PAGE_BYTES }]
    const machine = { ...plantedMachine(vm), unlocated }
    const { loaded } = await inspect(machine)
    const files = { 'x.vits': await writeCase(machine, loaded.memory, loaded.ranges) }
    const ran = await vits(['check', 'x.vits'], files)
    expect([ran.code, ran.err]).toEqual([4, ''])
    expect(ran.out).toContain('M705 not-looked-at')
    expect(ran.out).toContain('as far as it was looked at')
    for (const args of [['show'], ['pages'], ['diff', 'x.vits']]) {
      const listed = await vits([...args, 'x.vits'], files)
      expect([listed.code, listed.err]).toEqual([4, expect.stringMatching(/^vits: x\.vits: not everything was looked at/)])
    }
    const repaired = await vits(['repair', '-n', 'x.vits'], files)
    expect([repaired.code, repaired.out]).toEqual([4, expect.stringContaining('Nothing to repair, as far as it was looked at.')])
  })

  it('starts each entry with its address and decodes it on the same line', async () => {
    const { out } = await vits(['check', saved('ghosts')])
    expect(out).toContain('0x44160040  0x80100000_0881b600  DeviceID 0x8  V=1 next=+8 ITT=0x440db000 bits=1')
  })

  it('prints one JSON document, one a line for several files, and adds up the exit bits', async () => {
    const one = await vits(['check', '--json', saved('scattered-unrestorable')])
    expect(JSON.parse(one.out)).toMatchObject({
      schema: 1,
      vcpus: 8,
      verdict: 'fails',
      errno: 'EINVAL',
      live: { devices: 20, events: 91 },
      orphans: { devices: [16, 20992, 21249, 41728, 62721] },
      history: { commands: 752, wrapped: false },
    })
    const two = await vits(['check', '--json', saved('healthy'), saved('ghosts'), '/nowhere'])
    expect(two.code).toBe(4 | 8)
    expect(
      two.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).verdict),
    ).toEqual(['restores', 'corrupts'])
    expect(two.err).toBe('vits: /nowhere: no such file\n')
  })

  it('gives each finding its code, place, proof and fix in JSON', async () => {
    const { out } = await vits(['check', '--json', saved('ghosts')])
    const { findings } = JSON.parse(out)
    expect(findings[0]).toMatchObject({
      code: 'D203',
      slug: 'orphan-dte',
      severity: 'corrupts',
      errno: null,
      confidence: 'proven',
      gpa: '0x44160040',
      word: '0x80100000_0881b600',
      deviceId: 8,
      eventId: null,
      fix: { safe: true, writes: [{ gpa: '0x44160040', from: '0x80100000_0881b600', to: '0x00000000_00000000' }] },
    })
    expect(findings[0].evidence.map(({ witness }: { witness: string }) => witness)).toEqual([
      'command queue',
      'LPI configuration',
    ])
  })

  it('counts harmless leftovers with --strict only', async () => {
    const { code, out } = await vits(['check', saved('qemu10-mapped-ram')])
    expect([code, out]).toEqual([0, expect.stringContaining('Restores. 3 leftovers do no harm now.')])
    expect((await vits(['check', '--strict', saved('qemu10-mapped-ram')])).code).toBe(4)
  })

  it('refuses a VM of QEMU’s own ITS with the reason', async () => {
    const { code, err } = await vits(['check', saved('tcg')])
    expect(code).toBe(8)
    expect(err).toMatch(/^vits: .*tcg\.mig\.zst: at byte 0x[0-9a-f]+: .*QEMU's own ITS/)
  })
})

describe('the devices of vits check', () => {
  it('are called as people know them, in the first line and beside each problem', async () => {
    const { out } = await vits(['check', saved('scattered-unrestorable')])
    expect(out.split('\n')[0]).toBe('Does not come back on linux-7.3.4: EINVAL at a stale entry of the disk at 52:00.0.')
    expect(out).toContain('\n  device  virtio-blk 52:00.0 (0x5200)\n')
    expect(out).toContain('\n  loses   virtio-blk a3:00.3 (0xa303), virtio-net a4:00.0 (0xa400), virtio-scsi a4:00.1\n')
    expect(out).toContain('\n          (0xa401) and 4 more\n')
  })

  it('have queues, which a problem names, and the views of show beside each event', async () => {
    const lost = fixtureFile('lost-split.vits').pathname
    expect((await vits(['check', lost])).out).toContain('\n  queue   request queue 0 (event 1)\n')
    expect(JSON.parse((await vits(['check', '--json', lost])).out).findings[0].roles).toEqual(['request queue 0'])
    for (const view of ['tables', 'pending']) {
      const { out } = await vits(['show', lost, '--view', view])
      expect(out).toMatch(/^ {2}event 0 {2}LPI 8194 .* {2}configuration$/m)
      const { devices } = JSON.parse((await vits(['show', lost, '--view', view, '--json'])).out)
      expect(devices.at(-2).events[1].roles).toEqual(['request queue 0'])
    }
  })

  it('are called nothing where the file has no PCI functions', async () => {
    const { out } = await vits(['check', fixtureFile('odd-clear-s1.vits').pathname])
    expect(out.split('\n')[0]).toBe('DeviceID 0x9 perhaps loses its interrupts when restored on every known kernel.')
    expect(out).not.toMatch(/^ {2}(device|loses) {2}/m)
  })

  it('keep their places behind a bridge to conventional PCI, in a case too', async () => {
    const bridge = fixtureFile('bridge-s2.mig.zst').pathname
    const whole = await vits(['show', bridge])
    expect(whole.out).toContain('device 0x200 (virtio-net 02:01.0, virtio-net 02:02.0, virtio-blk 02:03.0)  ITT ')
    const machine = await openFixture('bridge-s2')
    const { loaded } = await inspect(machine)
    const files = { 'x.vits': await writeCase(machine, loaded.memory, loaded.ranges) }
    expect((await vits(['show', 'x.vits'], files)).out).toBe(whole.out)
  })

  it('stand in JSON with the sentence, what each loses and where it stops', async () => {
    const one = JSON.parse((await vits(['check', '--json', saved('scattered-partly-repaired')])).out)
    expect(one.headline).toMatch(
      /^The disk at f4:00\.0 loses its interrupts when restored on linux-7\.3\.4, and 7 more are affected\.$/,
    )
    expect(one.harmed[0]).toMatchObject({
      its: 0,
      deviceId: 0xf400,
      device: 'the disk at f4:00.0',
      live: 9,
      lost: 9,
      isLost: true,
    })
    expect(one.devices).toContainEqual({
      its: 0,
      deviceId: 0x101,
      label: 'virtio-blk 01:00.1',
      functions: [{ address: '0000:01:00.1', model: 'virtio-blk', noun: 'disk', section: '0000:00:01.0:00.1/virtio-blk' }],
    })
    expect(one.findings[0].device).toBe('the disk at a3:00.0')
    const two = JSON.parse((await vits(['check', '--json', saved('scattered-unrestorable')])).out)
    expect([two.stop.its, two.stop.deviceId, two.harmed]).toEqual([0, 0x5200, []])
  })
})

describe('what vits check looked at', () => {
  it('is said of a clean VM, to be pasted, and in JSON of every VM', async () => {
    const { out } = await vits(['check', saved('healthy')])
    const [, said] = out.split('Restores cleanly.\n')
    expect(said!.replaceAll('\n', ' ')).toMatch(
      /^Looked at and found well: the registers; 9 devices and 22 events in the tables; all that the guest has mapped; the configuration of 22 live LPIs; the pending bits of 2 vCPUs, none set; the restore on \d+ kernels\. /,
    )
    expect(out).not.toContain('wrong')
    const broken = JSON.parse((await vits(['check', '--json', saved('ghosts')])).out)
    expect(broken.looks).toContainEqual({
      subject: 'tables',
      outcome: 'wrong',
      what: '10 devices and 24 events in the tables',
      its: null,
      why: null,
    })
    expect((await vits(['check', saved('ghosts')])).out).not.toContain('Looked at')
  })

  it('names what is known in part', async () => {
    const { out } = await vits(['check', saved('wrapped-clean')])
    expect(out).toContain('\nKnown in part: what the guest has mapped (no witness knows all of it); ')
    expect(out).not.toContain('It is not the interrupts')
  })
})

describe('vits check --why-hang', () => {
  it('answers first, shows what hangs a guest, and counts what does not', async () => {
    const { code, out } = await vits(['check', '--why-hang', saved('scattered-partly-repaired')])
    expect([code, out.split('\n').slice(0, 2).join(' ')]).toEqual([
      4,
      'The disk at f4:00.0 waits for ever: its interrupts do not come back, nor do those of 6 more devices.',
    ])
    expect(out).toContain('\nD207 orphan-ends-scan')
    expect(out).not.toContain('\nD204 ')
    expect(out).toMatch(/^\d findings by which no guest hangs are not shown/m)
  })

  it('finds nothing in a VM that restores wrongly without a loss, and exits as without it', async () => {
    const { code, out } = await vits(['check', '--why-hang', saved('ghosts')])
    expect([code, out]).toEqual([4, expect.stringMatching(/^Nothing found that would hang this guest after a restore\. /)])
  })

  it('orders the findings of the JSON document, which has the answer in any case', async () => {
    const plain = JSON.parse((await vits(['check', '--json', saved('scattered-unrestorable')])).out)
    const ordered = JSON.parse((await vits(['check', '--json', '--why-hang', saved('scattered-unrestorable')])).out)
    expect(plain.whyHang).toMatch(
      /^This guest does not hang, it does not come back at all: EINVAL at a stale entry of the disk at 52:00\.0\./,
    )
    expect(ordered).toEqual({ ...plain, findings: ordered.findings })
    expect(
      ordered.findings.map(({ code, hang }: { code: string; hang: string | null }) => `${code} ${hang}`).slice(0, 3),
    ).toEqual(['D203 stops', 'D207 lost', 'I305 null'])
  })
})

describe('the rules of witnesses', () => {
  it('are named behind what each says with -v, and not without', async () => {
    const quiet = await vits(['check', saved('ghosts')])
    const told = await vits(['check', '-v', saved('ghosts')])
    expect(quiet.out).not.toContain('R-ring')
    expect(told.out).toContain('the command queue: MAPD DeviceID 0x8 V=0 (at 0x435c0980)  R-ring-unmapped\n')
  })
})

describe('progress', () => {
  const watched = async (byteLength: number) => {
    const seen: string[] = []
    const whole = fixtureBytes('numa.mig')
    // A sparse file: the stream, then a hole up to its size.
    const slice = async (start: number, end: number) => {
      const bytes = new Uint8Array(end - start)
      bytes.set(whole.subarray(start, Math.min(end, whole.length)))
      return bytes
    }
    const open = async () => ({ byteLength, slice, close: async () => {} })
    await vits(['check', 'vm.mig'], {}, { open, progress: (text) => seen.push(text) })
    return seen
  }

  it('is shown for files over 256 MB, and the line is cleared at the end', async () => {
    const seen = await watched(300 * 2 ** 20)
    expect(seen.at(-1)).toBe('')
    expect(seen.filter((text) => text !== '').every((text) => /^vits: vm\.mig: \d+ %$/.test(text))).toBe(true)
    expect(seen.length).toBeGreaterThan(1)
  })

  it('is not shown for smaller ones', async () => {
    expect((await watched(fixtureBytes('numa.mig').length)).filter((text) => text !== '')).toEqual([])
  })
})

describe('a file that is no saved VM', () => {
  const whole = fixtureBytes('numa.mig')
  const random = new Uint8Array(50_000).map((_, i) => (i * 2654435761) >>> 13)
  const lying = whole.slice()
  lying.set([0xff, 0xff, 0xff, 0xff], 9)

  it.each([
    ['empty', new Uint8Array()],
    ['text', new TextEncoder().encode('not a VM\n'.repeat(100))],
    ['random bytes', random],
    ['cut in its header', whole.slice(0, 20)],
    ['cut in RAM', whole.slice(0, 200_000)],
    ['cut before its description', whole.slice(0, whole.length - 4000)],
    ['a length that lies', lying],
    ['a damaged zstd frame', new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3])],
  ])('is refused with its name, the byte and no stack: %s', async (_what, bytes) => {
    for (const args of [
      ['check', 'vm.mig'],
      ['show', 'vm.mig'],
    ]) {
      const { code, out, err } = await vits(args, { 'vm.mig': bytes })
      expect([code, out]).toEqual([8, ''])
      expect(err).toMatch(/^vits: vm\.mig: at byte 0x[0-9a-f]+: expected .*, found .*\n$/)
    }
  })
})

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

describe('vits explain', () => {
  it('knows a problem by its code and by its slug', async () => {
    const [byCode, bySlug] = [await vits(['explain', 'd207']), await vits(['explain', 'orphan-ends-scan'])]
    expect(byCode.out).toBe(bySlug.out)
    for (const heading of ['What', 'Why', 'When', 'Then', 'Fix', 'See'])
      expect(byCode.out).toMatch(new RegExp(`^${heading} `, 'm'))
  })

  it('knows a rule of a witness, beside problems and in JSON', async () => {
    const { out } = await vits(['explain', 'r-chain-gap', 'D203'])
    expect(out).toMatch(/^D203 orphan-dte/)
    expect(out).toContain('\nR-chain-gap · the chain says: dead\n')
    for (const heading of ['When', 'Limit', 'For', 'See']) expect(out).toMatch(new RegExp(`^${heading} `, 'm'))
    const { problems, rules } = JSON.parse((await vits(['explain', 'R-lpi-on', '--json'])).out)
    expect([problems, rules]).toEqual([[], [expect.objectContaining({ rule: 'R-lpi-on', says: 'live', weak: true })]])
    expect(JSON.parse((await vits(['explain', '--json'])).out).rules).toBeUndefined()
  })

  it('refuses a problem nobody knows', async () => {
    expect(await vits(['explain', 'D999'])).toMatchObject({ code: 16, err: expect.stringContaining("no problem 'D999'") })
  })
})

describe('the words of vits check', () => {
  it('calls a table that no kernel can end by its name, and decodes no word of another kind as its entry', async () => {
    const { out } = await vits(['check', '--kernel', 'linux-4.13', saved('churned')])
    expect(out).toContain('restore fails: EINVAL at the device table')
    expect(out).not.toMatch(/ DTE {2}V=/)
    expect(out).toContain('1 mapped device has no event')
    expect(out).toContain('once that is mended: loses 1 device without events')
  })

  it('names what comes back, and quotes QEMU to the letter', async () => {
    expect((await vits(['check', saved('ghosts')])).out).toContain('The restore succeeds, and brings back 4 dead events.')
    expect((await vits(['check', saved('unrestorable')])).out).toContain(
      'KVM_SET_DEVICE_ATTR failed: Group 4 attr 0x0000000000000002: Invalid argument',
    )
  })

  it('gives commands that can be pasted, whatever the file is called', async () => {
    const { out } = await vits(['check', '--', "-my vm's\x1b[2J.mig"], { "-my vm's\x1b[2J.mig": fixtureBytes('ghosts.mig') })
    expect(out).not.toContain('\x1b')
    expect(out).toContain(String.raw`vits repair -p $'./-my vm\'s\x1b[2J.mig' -o`)
  })
})

describe('the words of vits show', () => {
  it('count the EventID bits of an ITT as a person does', async () => {
    const { out } = await vits(['show', saved('healthy')])
    expect(out).toContain('device 0x8 (pcie-root-port 00:01.0)  ITT 0x432fae00  1 EventID bit\n')
    expect(out).toMatch(/ITT 0x[0-9a-f]+ {2}[2-9] EventID bits\n/)
  })
})

describe('the guest kernel’s own list', () => {
  const bridge = fixtureFile('bridge-s2-kernel.vits').pathname

  it('decides about a VM whose ring has gone round, and is said beside the other views', async () => {
    const { code, out } = await vits(['check', bridge])
    expect(code).toBe(0)
    expect(out).toContain('  kernel        5 devices     16 events  allocated on its own list at 0x4299f350, read without BTF\n')
    expect(out).toContain('\nRestores cleanly.\n')
  })

  it('is looked for in vain where the file does not hold it, and in any case when that is asked for', async () => {
    const wrapped = fixtureFile('wrapped-clean.mig.zst').pathname
    expect((await vits(['check', wrapped])).out).toContain('  kernel    its own list of devices is not there to be read: ')
    const healthy = fixtureFile('healthy.mig.zst').pathname
    expect((await vits(['check', healthy])).out).not.toContain('  kernel  ')
    expect((await vits(['check', '--guest-kernel', healthy])).out).toContain('  kernel    its own list of devices is not there')
  })
})
