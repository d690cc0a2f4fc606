import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { fixtureFile } from '../../core/src/formats/testing/fixtures.ts'
import { vits } from './testing/fake-io.ts'

const ghosts = fileURLToPath(fixtureFile('ghosts.mig.zst'))

describe('a kernel that is named as its host prints it', () => {
  it.each([
    ['linux-6.6', 'linux-6.6', ''],
    ['6.1.0-49-cloud-arm64', 'linux-6.1.174', 'is taken for linux-6.1.174, as Linux 6.1.174: which was run'],
    ['6.1.0-28-arm64', 'linux-6.6', 'is taken for linux-6.6, as Linux 6.1.119: by the history of its series'],
    [
      '6.8.0-45-generic',
      'linux-6.6',
      'is taken for linux-6.6, as Linux 6.8: not verified, Ubuntu may have changes that 6.8 has not; linux-6.6 is the nearest and differs in target-is-index, mapc-unmap-checks-target, judged as 6.8 has them',
    ],
    ['6.6.70', 'linux-6.6', 'is taken for linux-6.6, as Linux 6.6.70: not verified; unknown whether 6.6.70 has keeps-unmapped'],
    ['7.4.1', 'linux-7.3.4', 'is taken for linux-7.3.4, as Linux 7.4.1: not verified'],
  ])('is found: %s is %s', async (name, profile, note) => {
    const { code, out, err } = await vits(['kernels', '--json', name])
    expect([code, err]).toEqual([0, note === '' ? '' : `vits: ${name} ${note}\n`])
    expect(JSON.parse(out).kernels.map(({ id }: { id: string }) => id)).toEqual([profile])
  })

  it('has its own quirks, and those of which it is unknown whether it has them', async () => {
    const { out } = await vits(['kernels', '--json', '6.8', '5.15.100', 'linux-5.10'])
    const [own, unknown, profile] = JSON.parse(out).kernels
    expect([own.quirks.includes('target-is-index'), own.unsettled]).toEqual([false, []])
    expect(unknown.unsettled).toEqual(['keeps-unmapped', 'scan-overrun'])
    expect(profile.unsettled).toEqual([])
    expect((await vits(['kernels', '5.15.100'])).out).toContain('  scan-overrun, perhaps: its series took the fix')
  })

  it.each([
    ['healthy', 0, 'The same with and without keeps-unmapped and scan-overrun: whether the kernel has them is unknown.'],
    ['scattered-clean', 64, 'Undecided: it hangs on what is unknown of the kernel (M710).'],
  ])('is judged both ways where it is not all known: %s, exit %i', async (fixture, code, says) => {
    const file = fileURLToPath(fixtureFile(`${fixture}.mig.zst`))
    const ran = await vits(['check', '--kernel', '5.15.100', file])
    expect(ran.code).toBe(code)
    expect(ran.out).toContain(says)
    expect(JSON.parse((await vits(['check', '--json', '--kernel', '5.15.100', file])).out)).toMatchObject({
      unsettled: ['keeps-unmapped', 'scan-overrun'],
      errno: null,
      gaps: code === 0 ? [] : [{ code: 'M710', limit: null }],
    })
  })

  it('is run as the nearest profile has it, where a profile is run', async () => {
    const { code, err } = await vits(['demo', 'orphan', '--kernel', '6.8'])
    expect([code, err]).toEqual([0, expect.stringMatching(/differs in target-is-index, mapc-unmap-checks-target\n$/)])
  })

  it('is told of once, beside the verdict for it', async () => {
    const note = 'vits: 6.1.0-28-arm64 is taken for linux-6.6, as Linux 6.1.119: by the history of its series\n'
    for (const command of [['check'], ['repair', '-n']]) {
      const named = await vits([...command, '--kernel', '6.1.0-28-arm64', ghosts])
      const { code, out } = await vits([...command, '--kernel', 'linux-6.6', ghosts])
      expect(named).toEqual({ code, out, err: note })
    }
  })

  it.each(['linux-9', '4.12', 'arm64', ''])('is refused when it is none that saves an ITS: "%s"', async (name) => {
    const { code, err } = await vits(['check', '--kernel', name, ghosts])
    expect(code).toBe(16)
    expect(err).toContain(`no kernel '${name}' is known: name one as uname -r prints it, or one of linux-4.13, `)
  })
})
