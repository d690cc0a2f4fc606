import { expect, it } from 'vitest'
import { vits } from '../testing/fake-io.ts'

it('vits selftest passes when the save is sealed and all share a collection', async () => {
  const { code, out } = await vits(['selftest', '-n', '1', '--json', '--save', 'seal', '-s'])
  expect(code).toBe(0)
  expect(JSON.parse(out).cases).toMatchObject(Array(5).fill({ lost: 0, wrong: 0, passed: true }))
})
