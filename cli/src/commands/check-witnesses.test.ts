import { describe, expect, it } from 'vitest'
import { wrapped } from '../../../core/src/audit/testing/rule-vms.ts'
import { fixtureFile } from '../../../core/src/formats/testing/fixtures.ts'
import { plantedCase } from '../../../core/src/inspect/testing/planted-machine.ts'
import { vits } from '../testing/fake-io.ts'

const saved = (name: string) => fixtureFile(`${name}.mig.zst`).pathname

describe('the rules of witnesses', () => {
  it('are named behind what each says with -v, and not without', async () => {
    const quiet = await vits(['check', saved('ghosts')])
    const told = await vits(['check', '-v', saved('ghosts')])
    expect(quiet.out).not.toContain('R-ring')
    expect(told.out).toContain('the command queue: MAPD DeviceID 0x8 V=0 (at 0x435c0980)  R-ring-unmapped\n')
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

describe('what KVM’s debugfs told while the VM ran', () => {
  const device = (id: string, rows: string) =>
    `\nDevice ID: ${id}, Event ID Range: [0 - 31]\nEVENT_ID    INTID  HWINTID   TARGET   COL_ID HW\n${'-'.repeat(47)}\n${rows}`
  const row = (event: number, lpi: number, icid: number) =>
    `       ${event}     ${lpi}        0        ${icid}        ${icid}  0\n`
  const list = device('0x10', row(0, 8194, 0) + row(1, 8195, 1))
  const saving = plantedCase(wrapped())
  const files = async (text: string) => ({ 'vm.vits': await saving, 'its.txt': Buffer.from(text) })
  const asked = ['--vgic-its-state', 'its.txt', 'vm.vits']

  it('lets what no witness knows be inferred to be gone, and a repair of everything take it out', async () => {
    const document = JSON.parse((await vits(['check', '--json', ...asked], await files(list))).out)
    expect(document.itses[0].debugfs).toEqual({ listed: { devices: 1, events: 2 }, lpis: null, differences: 0, first: [] })
    expect(document.findings[0]).toMatchObject({ code: 'D203', confidence: 'inferred' })
    const { writes } = JSON.parse((await vits(['repair', '-n', '--json', '-y', ...asked], await files(list))).out)
    expect(writes).toMatchObject([{ code: 'D203', confidence: 'inferred' }])
  })

  it('is told not to be heard where it is of another moment', async () => {
    const { out } = await vits(['check', ...asked], await files(list + device('0x40', row(0, 8300, 0))))
    expect(out).toContain(
      '  debugfs   KVM had 2 devices and 3 events at another moment, and is not heard: DeviceID 0x40 is not valid\n',
    )
  })

  it('is refused with its name and byte, and for several VMs', async () => {
    const refused = await vits(['check', ...asked], await files(list.slice(0, -1)))
    expect([refused.code, refused.err]).toEqual([
      8,
      expect.stringMatching(
        /^vits: vm\.vits: its\.txt: at byte 0x[0-9a-f]+: expected the end of a line of a text of vgic-its-state/,
      ),
    ])
    expect(await vits(['check', ...asked, 'vm.vits'], await files(list))).toMatchObject({
      code: 16,
      err: 'vits: --vgic-its-state tells of one VM: name one\n',
    })
  })
})
