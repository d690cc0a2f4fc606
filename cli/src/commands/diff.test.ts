import { describe, expect, it } from 'vitest'
import { fixtureFile } from '../../../core/src/formats/testing/fixtures.ts'
import { vits } from '../testing/fake-io.ts'

const saved = (name: string) => fixtureFile(`${name}.mig.zst`).pathname

describe('vits diff', () => {
  it('says what the guest did between two saves and what of it left an orphan', async () => {
    const { code, out } = await vits(['diff', saved('before-churn'), saved('ghosts'), '--view', 'guest'])
    expect(code).toBe(1)
    expect(out.split('\n')).toEqual(
      expect.arrayContaining([
        '    device 0x8 (pcie-root-port 00:01.0)    unmapped  ITT 0x440db000, 1 bit, 1 event',
        '    device 0x30 (virtio-scsi 00:06.0)      moved     ITT 0x44615400, 3 bits -> ITT 0x43fd1800, 3 bits',
        '    device 0x300 (e1000e 03:00.0) event 0  unmapped  LPI 8229, collection 0',
        '    device 0x300 event 1                   unmapped  LPI 8230, collection 1',
        'became orphans: unmapped by the guest, still valid in RAM',
        '    device 0x200 (virtio-blk 02:00.0)',
        '    GITS_CWRITER  0x880 -> 0x1320',
      ]),
    )
  })

  it('prints one JSON document with every view', async () => {
    const { out } = await vits(['diff', '--json', saved('before-churn'), saved('ghosts')])
    const { views, orphaned, devices } = JSON.parse(out)
    expect(Object.keys(views)).toEqual(['guest', 'tables', 'restored'])
    expect(orphaned.devices).toEqual([8, 40, 512])
    expect(devices).toContainEqual(expect.objectContaining({ deviceId: 0x300, label: 'e1000e 03:00.0' }))
    expect(views.guest).toContainEqual({ what: 'unmapped', deviceId: 8, eventId: 0, from: 'LPI 8192, collection 0' })
  })

  it('finds no difference in a file and itself', async () => {
    const { code, out } = await vits(['diff', saved('wrapped'), saved('wrapped')])
    expect([code, out]).toEqual([
      0,
      'what the guest has mapped, what is valid in RAM and what a restore brings back: no difference\n',
    ])
  })

  it('tells once what several views have in common, and counts the lines that it prints', async () => {
    const { out } = await vits(['diff', saved('before-churn'), saved('ghosts')])
    const [common, ...others] = out.split('\n\n').map((section) => section.trimEnd().split('\n'))
    expect(common![0]).toBe('what the guest has mapped, what is valid in RAM and what a restore brings back: 9 changes')
    expect(others.map(([heading]) => heading)).toEqual([
      'what the guest has mapped and what a restore brings back: 2 changes',
      'what the guest has mapped: 4 changes',
      'what is valid in RAM: 3 changes',
      'became orphans: unmapped by the guest, still valid in RAM',
      'registers',
    ])
    for (const [heading, ...lines] of [common!, ...others.slice(0, 3)]) expect(heading).toContain(`: ${lines.length} changes`)
    expect(out.match(/device 0x38 .*moved/g)).toHaveLength(1)
  })

  it('compares nothing with what a restore that fails brings back, and says where it fails', async () => {
    const { code, out } = await vits(['diff', saved('scattered-clean'), saved('scattered-unrestorable')])
    expect([code, out.includes('brings back: '), out.includes('brings back is not compared.')]).toEqual([1, false, true])
    expect(out).toContain(
      'scattered-unrestorable.mig.zst fails: EINVAL at DeviceID 0x5200 event 0: the ICID has no collection.\n',
    )
  })

  it('names the file that cannot be read', async () => {
    expect(await vits(['diff', saved('healthy'), '/nowhere'])).toMatchObject({ code: 8, err: 'vits: /nowhere: no such file\n' })
  })
})
