import { describe, expect, it } from 'vitest'
import { fixtureFile } from '../../../core/src/formats/testing/fixtures.ts'
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
