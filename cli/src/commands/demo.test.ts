import { describe, expect, it } from 'vitest'
import { vits } from '../testing/fake-io.ts'

describe('vits demo orphan', () => {
  it('tells the story with the answers of the model', async () => {
    const { code, out } = await vits(['demo', 'orphan'])
    expect(code).toBe(0)
    expect(out).toContain('an orphan')
    expect(out).toMatch(/^4 .*RESTORE_TABLES EINVAL at the ITE of device 4 event 0: the ICID has no collection\.$/m)
    expect(out).toMatch(/^5 .*RESTORE_TABLES 0, device 4 is back from the dead, device 7 has lost its interrupt\.$/m)
    expect(out).toMatch(/^6 .*RESTORE_TABLES 0, device 4 is gone, device 7 interrupts\.$/m)
    expect(out.trimEnd().split('\n').length).toBeLessThanOrEqual(10)
  })

  it('has nothing to tell on a kernel that clears unmapped entries', async () => {
    const { code, out } = await vits(['demo', 'orphan', '--kernel', 'linux-7.3'])
    expect([code, out.includes('EINVAL'), out.includes('dead')]).toEqual([0, false, false])
  })
})
