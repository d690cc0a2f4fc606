// Restores a saved VM as its kernel does, and warily: without what its guest has unmapped, or not at all.
import { readFileSync } from 'node:fs'
import { bytesSource, footprint, openSavedMachine, type RestoreVmOptions, restoreVm, setScenes } from '@vits/core'
import { decompress } from 'fzstd'

const file = readFileSync('fixtures/saved/ghosts.mig.zst')
const machine = await openSavedMachine(bytesSource(file), { codecs: { zstd: decompress } })
const { registers, msi } = machine
const memory = machine.memory()
for (let ranges = footprint(memory, registers); ranges.length > 0; ranges = footprint(memory, registers)) {
  await machine.load(memory, ranges)
}

function restored(options: RestoreVmOptions): string {
  const outcome = restoreVm(memory.fork(), registers, options)
  if (!outcome.ok) return `${outcome.errno} at ${outcome.step}: ${outcome.reason}; ${outcome.doubts?.length} doubts`
  const { devices, events } = outcome.value.vm.itses[0]!.its
  return `${devices.count} devices, ${events.count} events`
}

// What the guest's command queue and its PCI functions say about its mappings.
const scenes = setScenes({ memory, registers, msi })
console.log('as the kernel does:      ', restored({}))
console.log('warily, nothing known:   ', restored({ wary: () => undefined }))
console.log('warily, with its guest:  ', restored({ wary: (its) => scenes[its]!.beliefs }))
