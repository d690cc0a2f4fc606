import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { fixtureFile } from '../../../core/src/formats/testing/fixtures.ts'
import type { HostKernel } from '../io.ts'
import { vits } from '../testing/fake-io.ts'

const ghosts = fileURLToPath(fixtureFile('ghosts.mig.zst'))

/** What stands before the file's name, or behind it where that comes first. */
const judgedIn = (out: string): string | undefined => /^(?:.*\n){1,2}(Judged for .*)\n/.exec(out)?.[1]

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

  it('is named below the first sentence of a report, with why it is that one, and nowhere else', async () => {
    const read = 'taken for linux-6.6, as Linux 6.1.119: by the history of its series.'
    for (const command of [['check'], ['repair', '-n']]) {
      const told = async (...args: string[]) => {
        const { out, err } = await vits([...command, ...args, ghosts])
        expect(err).toBe('')
        return judgedIn(out)
      }
      expect(await told()).toBe('Judged for linux-7.3.4, the newest kernel known: no --kernel is given.')
      expect(await told('--kernel', 'linux-6.6')).toBe('Judged for linux-6.6, as --kernel says.')
      expect(await told('--kernel', '6.1.0-28-arm64')).toBe(`Judged for 6.1.0-28-arm64, as --kernel says: ${read}`)
      expect(await told('--kernel', 'host')).toBe(`Judged for 6.1.0-28-arm64, which runs on this machine: ${read}`)
    }
  })

  it('is named in each document, as far as it is known', async () => {
    for (const command of ['check', 'repair -n']) {
      const judged = async (...args: string[]) =>
        JSON.parse((await vits([...command.split(' '), '--json', ...args, ghosts])).out).judged
      const none = { release: null, vendor: null, known: null, differs: [] }
      expect(await judged()).toEqual({ by: 'default', name: null, profile: 'linux-7.3.4', ...none })
      expect(await judged('--kernel', 'linux-6.6')).toEqual({ by: 'name', name: 'linux-6.6', profile: 'linux-6.6', ...none })
      expect(await judged('--kernel', '6.8.0-45-generic')).toMatchObject({ release: '6.8', vendor: 'Ubuntu', known: 'like' })
      expect(await judged('--kernel', 'host')).toMatchObject({ by: 'host', name: '6.1.0-28-arm64', release: '6.1.119' })
    }
  })

  it('is judged as its profile is', async () => {
    const rest = async (kernel: string) => (await vits(['check', '--kernel', kernel, ghosts])).out.replace(/^Judged for .*/m, '')
    expect(await rest('6.1.0-28-arm64')).toEqual(await rest('linux-6.6'))
  })

  it('is this machine’s where it is called host: by /proc/version, or else by its release', async () => {
    const host = (on: Partial<HostKernel>) => () => ({
      system: 'Linux',
      release: '6.1.0-28-arm64',
      version: '6.1.0-28-arm64',
      machine: 'aarch64',
      ...on,
    })
    const second = async (on: Partial<HostKernel>) => {
      const { code, out, err } = await vits(['check', '--kernel', 'host', ghosts], {}, { hostKernel: host(on) })
      return code === 16 ? err : judgedIn(out)
    }
    expect(await second({})).toContain('as Linux 6.1.119: ')
    expect(await second({ version: 'Linux version 6.1.0-28-arm64 (a@b) #1 SMP Debian 6.1.124-1' })).toContain(
      'as Linux 6.1.124: ',
    )
    expect(await second({ machine: 'x86_64' })).toContain('which runs on this machine (x86_64: it runs no arm64 VM): taken for')
    expect(await second({ system: 'Darwin', release: '23.1.0' })).toBe(
      'vits: --kernel host: this machine runs Darwin, and no Linux: name the kernel of the VM’s host\n',
    )
    expect(await second({ release: '4.9.1', version: '4.9.1' })).toContain("no kernel 'host (4.9.1)' is known")
  })

  it.each(['linux-9', '4.12', 'arm64', ''])('is refused when it is none that saves an ITS: "%s"', async (name) => {
    const { code, err } = await vits(['check', '--kernel', name, ghosts])
    expect(code).toBe(16)
    expect(err).toContain(`no kernel '${name}' is known: name one as uname -r prints it, or one of host, linux-4.13, `)
  })
})
