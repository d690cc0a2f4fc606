// Restores a saved VM as its kernel does, and warily: without what its guest has unmapped, or not at all.
import { readFileSync } from 'node:fs'
import { bytesSource, inspect, open } from '@vits/core'
import { type RestoreVmOptions, restoreVm } from '@vits/core/kvm'

const file = readFileSync('fixtures/saved/ghosts.mig.zst')
const machine = await open(bytesSource(file))
const inspection = await inspect(machine)

function restored(options: RestoreVmOptions): string {
  const outcome = restoreVm(inspection.memory.fork(), machine.registers, options)
  if (!outcome.ok) return `${outcome.errno} at ${outcome.step}: ${outcome.reason}; ${outcome.doubts?.length} doubts`
  const { devices, events } = outcome.value.vm.itses[0]!.its
  return `${devices.count} devices, ${events.count} events`
}

// What the guest's command queue and its PCI functions say about its mappings.
console.log('as the kernel does:      ', restored({}))
console.log('warily, nothing known:   ', restored({ wary: () => undefined }))
console.log('warily, with its guest:  ', restored({ wary: (its) => inspection.beliefs(its) }))
