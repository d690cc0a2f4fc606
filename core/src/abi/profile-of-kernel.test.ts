import { describe, expect, it, test } from 'vitest'
import {
  isProposed,
  kernelSpans,
  parseKernelName,
  parseRelease,
  profileIds,
  profileOfKernel,
  profiles,
  quirksIn,
  releasedKernels,
} from './index.ts'

describe('a kernel by its name', () => {
  test.each`
    name                                  | release       | profile             | known     | vendor
    ${'6.1.0-28-arm64'}                   | ${'6.1.119'}  | ${'linux-6.6'}      | ${'read'} | ${undefined}
    ${'6.1.0-49-cloud-arm64'}             | ${'6.1.174'}  | ${'linux-6.1.174'}  | ${'run'}  | ${undefined}
    ${'6.1.0-0.deb11.29-rt-arm64'}        | ${'6.1.123'}  | ${'linux-6.1.174'}  | ${'read'} | ${undefined}
    ${'5.10.0-19-arm64'}                  | ${'5.10.148'} | ${'linux-5.10'}     | ${'read'} | ${undefined}
    ${'5.10.0-30-cloud-arm64'}            | ${'5.10.218'} | ${'linux-5.10.223'} | ${'run'}  | ${undefined}
    ${'6.12.43+deb12-cloud-arm64'}        | ${'6.12.43'}  | ${'linux-6.12.90'}  | ${'run'}  | ${undefined}
    ${'6.12.95+deb13-arm64'}              | ${'6.12.95'}  | ${'linux-6.12.111'} | ${'read'} | ${undefined}
    ${'6.1.0-57-arm64'}                   | ${'6.1.192'}  | ${'linux-6.1.192'}  | ${'like'} | ${'Debian'}
    ${'6.8.0-45-generic'}                 | ${'6.8'}      | ${'linux-6.6'}      | ${'like'} | ${'Ubuntu'}
    ${'5.15.0-1063-aws'}                  | ${'5.15'}     | ${'linux-5.10'}     | ${'like'} | ${'Ubuntu'}
    ${'4.18.0-553.el8.aarch64'}           | ${'4.18'}     | ${'linux-4.13'}     | ${'like'} | ${'RHEL'}
    ${'5.14.0-427.13.1.el9_4.aarch64'}    | ${'5.14'}     | ${'linux-5.10'}     | ${'like'} | ${'RHEL'}
    ${'6.1.119-129.201.amzn2023.aarch64'} | ${'6.1.119'}  | ${'linux-6.6'}      | ${'like'} | ${'Amazon Linux'}
    ${'6.4.0-150600.23.17-default'}       | ${'6.4'}      | ${'linux-6.6'}      | ${'like'} | ${'SLES'}
    ${'6.1.57-android14-11-gabcdef'}      | ${'6.1.57'}   | ${'linux-6.6'}      | ${'like'} | ${'Android'}
    ${'6.17.8-300.fc43.aarch64'}          | ${'6.17.8'}   | ${'linux-6.19.14'}  | ${'like'} | ${'Fedora'}
    ${'linux-6.1.119'}                    | ${'6.1.119'}  | ${'linux-6.6'}      | ${'read'} | ${undefined}
    ${'linux-7.2'}                        | ${'7.2'}      | ${'linux-7.2.6'}    | ${'read'} | ${undefined}
    ${'v6.12.117'}                        | ${'6.12.117'} | ${'linux-6.12.117'} | ${'run'}  | ${undefined}
    ${'6.1.50'}                           | ${'6.1.50'}   | ${'linux-6.6'}      | ${'read'} | ${undefined}
    ${'6.12.0'}                           | ${'6.12'}     | ${'linux-6.12'}     | ${'run'}  | ${undefined}
    ${'7.3.0-rc7+'}                       | ${'7.3-rc7'}  | ${'linux-7.3'}      | ${'run'}  | ${undefined}
    ${'6.18.40'}                          | ${'6.18.40'}  | ${'linux-6.19.14'}  | ${'like'} | ${undefined}
    ${'7.4.1'}                            | ${'7.4.1'}    | ${'linux-7.3.4'}    | ${'like'} | ${undefined}
  `('$name is $release, which is $profile ($known)', ({ name, ...what }) => {
    expect(profileOfKernel(name)).toMatchObject(what)
  })

  it('is believed where /proc/version says which release Debian built', () => {
    const text = 'Linux version 6.1.0-44-cloud-arm64 (gcc-12) #1 SMP Debian 6.1.164-1 (2026-03-09)'
    expect(profileOfKernel(text)).toMatchObject({ release: '6.1.164', profile: 'linux-6.1.174', known: 'run' })
    expect(parseKernelName('7.3-cloud-arm64 #1 SMP PREEMPT Debian 7.3~rc7-1~exp1')?.release).toMatchObject({ candidate: 7 })
  })

  it('names the quirks in which the nearest profile differs from it', () => {
    expect(profileOfKernel('6.8')).toMatchObject({ differs: ['target-is-index', 'mapc-unmap-checks-target'] })
    expect(profileOfKernel('6.12.117')?.differs).toEqual([])
  })

  it.each([
    ['6.6', []],
    ['6.6.70', ['keeps-unmapped']],
    ['5.10.223', []],
    ['5.10.240', ['keeps-unmapped']],
    ['5.15.0-105-generic', ['keeps-unmapped', 'scan-overrun']],
    ['4.14.300', ['save-invalid-baser', 'restore-needs-last-entry']],
    ['6.12.117', []],
  ])('says what is unknown of %s: %j', (name, unknown) => {
    expect(profileOfKernel(name)?.unknown).toEqual(unknown)
  })

  it.each(['', 'arm64', '6', '4.12.14', '3.10.0-1160.el7', 'latest', '1.2.3.4.5', 'linux-'])(
    '%j is none that saves an ITS',
    (name) => {
      expect(profileOfKernel(name)).toBeUndefined()
    },
  )
})

describe('profiles', () => {
  it.each(profileIds)('%s has the quirks of each release that was run with it', (id) => {
    const { run, names, release } = profiles[id]
    const isReleased = releasedKernels.includes(id)
    for (const one of [...run, release]) {
      const quirks = quirksIn(parseRelease(one)!)
      expect(isReleased ? names : names.filter((name) => quirks.includes(name))).toEqual(quirks)
    }
  })

  it('that are proposals have what no release has', () => {
    const proposals = profileIds.filter((id) => !releasedKernels.includes(id))
    expect(proposals).toEqual(['proposal-2017', 'proposal-2024'])
    for (const id of proposals) expect(profiles[id].names.filter(isProposed)).not.toEqual([])
  })

  it('differ from one another', () => {
    const sets = profileIds.map((id) => profiles[id].names.join())
    expect(new Set(sets).size).toBe(profileIds.length)
  })

  it('of kernels that follow one another are told in few words', () => {
    expect(kernelSpans(profileIds)).toEqual(['linux-4.13 to linux-7.3.4', 'proposal-2017', 'proposal-2024'])
    expect(kernelSpans(['linux-7.3.4', 'linux-6.6', 'linux-4.13', 'linux-5.10', 'linux-5.10.223', 'linux-7.3'])).toEqual([
      'linux-4.13 to linux-6.6',
      'linux-7.3',
      'linux-7.3.4',
    ])
    expect(kernelSpans([])).toEqual([])
    expect(releasedKernels).not.toContain('proposal-2024')
  })
})
