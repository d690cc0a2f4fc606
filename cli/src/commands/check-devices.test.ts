import { describe, expect, it } from 'vitest'
import { writeCase } from '../../../core/src/formats/index.ts'
import { fixtureFile, openFixture } from '../../../core/src/formats/testing/fixtures.ts'
import { inspect } from '../../../core/src/inspect/index.ts'
import { vits } from '../testing/fake-io.ts'

const saved = (name: string) => fixtureFile(`${name}.mig.zst`).pathname

describe('the devices of vits check', () => {
  it('are called as people know them, in the first line and beside each problem', async () => {
    const { out } = await vits(['check', saved('scattered-unrestorable')])
    expect(out.split('\n')[0]).toBe('Does not come back on linux-7.3.4: EINVAL at a stale entry of the disk at 52:00.0.')
    expect(out).toContain('\n  device  virtio-blk 52:00.0 (0x5200)\n')
    expect(out).toContain(
      '\n  loses   virtio-blk a3:00.3 (0xa303), virtio-net a4:00.0 (0xa400), virtio-scsi a4:00.1 (0xa401) and 4 more\n',
    )
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
    expect(out.split('\n')[0]).toBe(
      'DeviceID 0x9 perhaps loses its interrupts when restored on every known kernel, and 2 more are affected.',
    )
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
