// What `vits check` does, in a page or a program: open, load the pages that a restore reads, audit.
import { readFileSync } from 'node:fs'
import { audit, bytesSource, footprint, openSavedMachine, setScene } from '@vits/core'
import { decompress } from 'fzstd'

const file = readFileSync('fixtures/saved/ghosts.mig.zst')
const machine = await openSavedMachine(bytesSource(file), { codecs: { zstd: decompress } })
const { registers, msi } = machine

const memory = machine.memory()
for (let ranges = footprint(memory, registers); ranges.length > 0; ranges = footprint(memory, registers)) {
  await machine.load(memory, ranges)
}

const { verdict, findings } = audit(setScene({ memory, registers, msi }))
console.log(verdict)
for (const { code, slug, at } of findings) console.log(code, slug, at === undefined ? '' : `0x${at.toString(16)}`)
