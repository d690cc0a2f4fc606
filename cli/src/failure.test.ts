import { describe, expect, it } from 'vitest'
import { failureLine } from './failure.ts'
import { vits } from './testing/fake-io.ts'

const thrownBy = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return error
  }
}

const system = (code: string, message: string) => Object.assign(new Error(message), { code })

describe('what failed is one line', () => {
  it.each([
    ['a file that is not there', system('ENOENT', "ENOENT: no such file or directory, open 'x'"), 'no such file'],
    ['another answer of the kernel', system('EPERM', "EPERM: operation not permitted, open 'x'"), 'operation not permitted'],
    ['memory that there is not', thrownBy(() => new ArrayBuffer(2 ** 52)), 'there is not enough memory for it'],
    ['a mistake of ours', new TypeError('x is not a function'), 'internal error: x is not a function; please report it'],
  ])('%s', (_what, error, says) => {
    expect(failureLine(error, 'vm')).toBe(`vits: vm: ${says}`)
  })

  it('also in the middle of a command, and the next file has its turn', async () => {
    const open = async () => {
      throw new RangeError('Array buffer allocation failed')
    }
    const { code, err } = await vits(['check', '--json', 'a', 'b'], {}, { open })
    const words = 'there is not enough memory for it'
    expect([code, err]).toEqual([8, `vits: a: ${words}\nvits: b: ${words}\n`])
  })
})
