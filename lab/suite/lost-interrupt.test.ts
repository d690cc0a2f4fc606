import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { kernelImage } from '../src/cache.ts'
import { NestedHost } from '../src/guests/nested-host.ts'
import { hostKernel } from '../src/guests/parts.ts'
import { loseAnInterrupt, type Trial } from '../src/load/lost-interrupt.ts'
import { loadedMachines } from '../src/load/machines.ts'

const MINUTES = 60_000

const summary = ({ said, reads }: Trial) => ({ found: said.read && said.exit !== 0, goesOn: reads > 0 })

it(
  'A guest that waits for a disk hangs without the pending bit, vits finds it missing, and as repaired the guest goes on',
  async () => {
    const out = mkdtempSync(`${tmpdir()}/vits-hang-`)
    const host = await NestedHost.boot(kernelImage(hostKernel))
    try {
      const { saved, lost, repaired } = await loseAnInterrupt(host, loadedMachines[0]!, out)
      expect(summary(saved)).toEqual({ found: false, goesOn: true })
      expect(summary(lost)).toEqual({ found: true, goesOn: false })
      expect(repaired && summary(repaired)).toEqual({ found: false, goesOn: true })
    } finally {
      host.stop()
      rmSync(out, { recursive: true })
    }
  },
  15 * MINUTES,
)
