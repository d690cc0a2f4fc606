import { describe, expect, it } from 'vitest'
import { vits } from '../testing/fake-io.ts'

const selftest = (...options: string[]) => vits(['selftest', '-n', '1', ...options])

/** What each case came to: its restore's errno, or lost and wrong mappings. */
async function cases(...options: string[]) {
  const { code, out } = await selftest('--json', ...options)
  const report = JSON.parse(out) as { cases: { restore: { errno?: string }; lost: number; wrong: number; passed: boolean }[] }
  return { code, cases: report.cases.map(({ restore, lost, wrong }) => restore.errno ?? `${lost} lost, ${wrong} wrong`) }
}

const clean = '0 lost, 0 wrong'
const allClean = { code: 0, cases: [clean, clean, clean, clean, clean] }

describe('vits selftest', () => {
  it('as posted, without options: EINVAL from the third case on, and exit status 1', async () => {
    expect(await cases()).toEqual({ code: 1, cases: [clean, clean, 'EINVAL', 'EINVAL', 'EINVAL'] })
  })

  it('as posted, with -s: success, with mappings lost and wrong', async () => {
    expect(await cases('-s')).toEqual({
      code: 1,
      cases: [clean, clean, '1 lost, 1 wrong', '1 lost, 1 wrong', '8192 lost, 8192 wrong'],
    })
  })

  it.each([
    ['the tables are cleared before each case, as posted', ['-c']],
    ['the proposed heads are used', ['--head', 'proposed']],
    ['our heads are used', ['--head', 'ours', '-s']],
    ['the kernel clears unmapped entries and the flow resets', ['--kernel', 'linux-6.12.117', '--flow', 'v4']],
  ])('passes when %s', async (_, options) => {
    expect(await cases(...options)).toEqual(allClean)
  })

  /** What the selftest of the proposal, built from its mails, said on real kernels: their words, not its output. */
  it.each([
    ['6.12 with the patches', ['--kernel', 'proposal-2024', '--head', 'proposed'], Array(5).fill(clean)],
    ['6.12', ['--kernel', '6.12.0'], [clean, clean, 'EINVAL', 'EINVAL', 'EINVAL']],
    ['6.12.117', ['--kernel', '6.12.117', '--flow', 'v4'], Array(5).fill(clean)],
  ])('ends each case as the program did on a real %s', async (_, options, ended) => {
    expect((await cases(...options)).cases).toEqual(ended)
  })

  it('with -s loses and misdirects mappings as the program saw on a real 6.12', async () => {
    const { cases: ended } = await cases('--kernel', '6.12.0', '-s')
    expect(ended.slice(2).every((one) => /^[1-9]\d* lost, [1-9]\d* wrong$/.test(one))).toBe(true)
  })

  it('prints a line for each case, with what was read and lost before and after the entry that a restore fails at', async () => {
    const { code, out, err } = await selftest()
    expect([code, err]).toEqual([1, ''])
    expect(out).toMatch(/^v6\.12-rc6 as linux-6\.12, flow v1, 8192 devices/)
    expect(out).toMatch(/^first device +1 +\d+\.\d\d +\d+\.\d\d +7 +0 +0 {2}PASS$/m)
    expect(out).toMatch(/^near the last device +1 .* 7 +1 +0 {2}FAIL {2}restore: EINVAL at ITE device 1 event 1$/m)
    expect(out).toMatch(/\nFAIL\n$/)
  })

  it('says why v1 loses all on a kernel that clears, and why v4 ends early on one without CTRL_RESET', async () => {
    const cleared = await selftest('--kernel', 'linux-7.3.4')
    expect(cleared.out).toMatch(/\nlinux-7\.3\.4 clears the entries of what a guest unmaps, .* See --flow v4\.\n\nFAIL\n$/)
    const early = await selftest('--kernel', 'linux-4.13', '--flow', 'v4')
    expect(early.out).toMatch(/^nothing +0 +\d+\.\d\d +FAIL {2}reset: EFAULT$/m)
    expect(early.out).toMatch(/\nlinux-4\.13 has no CTRL_RESET: the posted program ends there\.\n\nFAIL\n$/)
    expect([cleared.code, early.code]).toEqual([1, 1])
  })

  it('has nothing to explain where the orphans are to blame', async () => {
    expect((await selftest('-s')).out).not.toMatch(/clears|ends there/)
  })

  it('refuses a kernel it does not know and more tables than the selftest has', async () => {
    expect((await selftest('--kernel', 'linux-9')).code).toBe(16)
    expect((await vits(['selftest', '-n', '8'])).code).toBe(16)
  })
})
