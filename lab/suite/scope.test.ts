import { describe, expect, it } from 'vitest'
import { scope } from '../src/commands/scope.ts'
import { testedKernels } from './tested-kernels.ts'

describe('the kernels that are asked', () => {
  it('answer histories of scopes as the model does, and restore what the model has sealed or saved with heads', async () => {
    const scopes = ['clearing-two-level', 'clearing-old-tables', 'keeping-unmapc', 'seal', 'heads']
    expect(await scope([...scopes, '--kernel', testedKernels.join(','), '--paths', '300', '--states', '8000'])).toBe(0)
  })
})
