import { expect, it } from 'vitest'
import { vits } from '../testing/fake-io.ts'

it('vits selftest heads prints what a restore reads with each kind of head, beside what was posted, and exits 0', async () => {
  const { code, out, err } = await vits(['selftest', 'heads'])
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(/^linux-6\.12, 8192 devices/)
  expect(out).toMatch(/^none +67100675 +\d+\.\d\d +6000 +89 {2}PASS$/m)
  expect(out).toMatch(/^proposed +24579 +2730x +\d+\.\d\d +6 +244 {2}PASS$/m)
  expect(out).toMatch(/^ours +16387 +4095x +\d+\.\d\d +PASS$/m)
  expect(out).toMatch(/\nPASS\n$/)
})

it('vits selftest heads --json is one document of the same', async () => {
  const { code, out } = await vits(['selftest', 'heads', '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({
    schema: 1,
    kernel: 'linux-6.12',
    costs: [
      { head: 'none', entries: 67100675, postedMs: 6000 },
      { head: 'proposed', entries: 24579, postedMs: 6 },
      { head: 'ours', entries: 16387, passed: true },
    ],
  })
})
