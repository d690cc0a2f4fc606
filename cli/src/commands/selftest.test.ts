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
  it('on a kernel that leaves unmapped entries: EINVAL from the third case on', async () => {
    expect(await cases('--kernel', 'linux-6.6')).toEqual({ code: 1, cases: [clean, clean, 'EINVAL', 'EINVAL', 'EINVAL'] })
  })

  it('with -s there: success, with mappings lost and wrong', async () => {
    const { code, cases: ended } = await cases('--kernel', 'linux-6.6', '-s')
    expect([code, ended]).toEqual([1, [clean, clean, '1 lost, 1 wrong', '1 lost, 1 wrong', '8192 lost, 8192 wrong']])
  })

  it.each([
    ['the tables are cleared before each case', ['--kernel', 'linux-6.6', '-c']],
    ['the save is sealed', ['--kernel', 'linux-6.6', '--save', 'seal']],
    ['the save is sealed and all share a collection', ['--kernel', 'linux-6.6', '--save', 'seal', '-s']],
    ['the proposed heads are used', ['--kernel', 'linux-6.6', '--head', 'proposed']],
    ['our heads are used', ['--kernel', 'linux-6.6', '--head', 'ours', '-s']],
    ['the kernel clears unmapped entries', ['--kernel', 'linux-6.12.117']],
    ['the kernel is the newest', []],
  ])('passes when %s', async (_, options) => {
    expect(await cases(...options)).toEqual(allClean)
  })

  /** What the selftest of the proposal, built from its mails, said on real kernels: their words, not its output. */
  it.each([
    ['6.12 with the patches', ['--kernel', 'proposal-2024', '--head', 'proposed'], Array(5).fill(clean)],
    ['6.12', ['--kernel', '6.12.0'], [clean, clean, 'EINVAL', 'EINVAL', 'EINVAL']],
    ['6.12.117', ['--kernel', '6.12.117'], Array(5).fill(clean)],
  ])('ends each case as the program did on a real %s', async (_, options, ended) => {
    expect((await cases(...options)).cases).toEqual(ended)
  })

  it('with -s loses and misdirects mappings as the program saw on a real 6.12', async () => {
    const { cases: ended } = await cases('--kernel', '6.12.0', '-s')
    expect(ended.slice(2).every((one) => /^[1-9]\d* lost, [1-9]\d* wrong$/.test(one))).toBe(true)
  })

  it('on 4.13 refuses the case with nothing mapped, whatever the save', async () => {
    const { code, cases: ended } = await cases('--kernel', 'linux-4.13', '--save', 'seal')
    expect([code, ended]).toEqual([1, ['EINVAL', clean, clean, clean, clean]])
  })

  it('prints a line for each case, with the entry that a restore fails at', async () => {
    const { code, out, err } = await selftest('--kernel', 'linux-6.6')
    expect([code, err]).toEqual([1, ''])
    expect(out).toMatch(/^first device +1 +\d+\.\d\d +\d+\.\d\d +0 +0 {2}PASS$/m)
    expect(out).toMatch(/^near the last device +1 .* FAIL {2}restore: EINVAL at ITE device 1 event 1$/m)
    expect(out).toMatch(/\nFAIL\n$/)
  })

  it('refuses a kernel it does not know and more tables than the selftest has', async () => {
    expect((await selftest('--kernel', 'linux-9')).code).toBe(16)
    expect((await vits(['selftest', '-n', '8'])).code).toBe(16)
  })
})

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
