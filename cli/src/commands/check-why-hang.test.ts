import { describe, expect, it } from 'vitest'
import { fixtureFile } from '../../../core/src/formats/testing/fixtures.ts'
import { vits } from '../testing/fake-io.ts'

const saved = (name: string) => fixtureFile(`${name}.mig.zst`).pathname

describe('vits check --why-hang', () => {
  it('answers first, shows what hangs a guest, and counts what does not', async () => {
    const { code, out } = await vits(['check', '--why-hang', saved('scattered-partly-repaired')])
    expect([code, out.split('\n')[0]]).toEqual([
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
    expect(ordered).toEqual({ ...plain, findings: ordered.findings, asked: { ...plain.asked, options: ['--why-hang'] } })
    expect(
      ordered.findings.map(({ code, hang }: { code: string; hang: string | null }) => `${code} ${hang}`).slice(0, 3),
    ).toEqual(['D203 stops', 'D207 lost', 'I305 null'])
  })
})
