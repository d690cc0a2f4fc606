import { describe, expect, it } from 'vitest'
import { bytesSource, openSavedMachine } from '../formats/index.ts'
import { openFixture } from '../formats/testing/fixtures.ts'
import { inspect } from '../inspect/index.ts'
import { registersDocument } from './index.ts'

describe('the registers of a machine as a document', () => {
  it.each(['scattered-unrestorable', 'smmu-s1'])(
    'are, beside its RAM, the same machine with the same findings: %s',
    async (name) => {
      const vm = await openFixture(name)
      const memory = vm.memory()
      await vm.load(memory, vm.ranges)
      const ram = Buffer.concat(vm.ranges.map(({ base, bytes }) => memory.read(base, bytes)))
      const raw = await openSavedMachine([
        { name: 'regs.json', source: bytesSource(new Uint8Array(Buffer.from(JSON.stringify(registersDocument(vm))))) },
        { name: 'ram.bin', source: bytesSource(new Uint8Array(ram)) },
      ])
      expect([raw.registers, raw.ranges, raw.machine]).toEqual([vm.registers, vm.ranges, vm.machine])
      const findings = async (machine: typeof vm) =>
        (await inspect(machine)).audit().map((report) => [report.verdict, report.findings])
      expect(await findings(raw)).toEqual(await findings(vm))
    },
  )
})
