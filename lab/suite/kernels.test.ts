import { describe, expect, it } from 'vitest'
import { fuzz } from '../src/commands/fuzz.ts'
import { heads } from '../src/commands/heads.ts'
import { identify } from '../src/commands/identify.ts'
import { replay } from '../src/commands/replay.ts'
import { seal } from '../src/commands/seal.ts'
import { testedKernels } from './tested-kernels.ts'

describe.each(testedKernels)('the KVM of Linux %s', (kernel) => {
  it('answers its recordings in fixtures/vectors again', async () => {
    expect(await replay(['fixtures/vectors', '--kernel', kernel])).toBe(0)
  })

  it('answers 250 random histories as the model does, to the last byte of its tables', async () => {
    expect(await fuzz(['--kernel', kernel, '--cases', '250', '--seed', '1'])).toBe(0)
  })

  it('has quirks that its answers alone tell, whatever its version', async () => {
    expect(await identify([kernel, '--cases', '60'])).toBe(0)
  })

  it('restores exactly the state of 100 random histories from what the model sealed', async () => {
    expect(await seal(['--kernel', kernel, '--cases', '100', '--seed', '1'])).toBe(0)
  })

  it('restores 40 random histories the same, whatever dummy heads lie in their tables, fresh or stale', async () => {
    expect(await heads(['--kernel', kernel, '--cases', '40', '--seed', '1'])).toBe(0)
  })
})
