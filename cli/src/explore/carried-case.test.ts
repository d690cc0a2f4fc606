import { gunzipSync } from 'node:zlib'
import { bytesSource, inspect, open } from '@vits/core'
import type { Gpa } from '@vits/core/memory'
import { describe, expect, it } from 'vitest'
import { PlantedVm, RAM } from '../../../core/src/audit/testing/planted-vm.ts'
import { plantedMachine } from '../../../core/src/inspect/testing/planted-machine.ts'
import { carriedCase } from './carried-case.ts'

const SECRET = 'what the guest keeps for itself'

/** A VM whose device table kernels before 6.0.6 read past, into what is the guest's. */
async function overrun() {
  const vm = new PlantedVm({ indirect: true })
    .map(8, { 0: [8192, 0] })
    .map(0x7ff8, { 0: [8193, 1] })
    .save()
  const at = (RAM + 0x1a_0000) as Gpa
  vm.memory.write(at, new TextEncoder().encode(SECRET))
  const machine = plantedMachine(vm)
  return { at, machine, inspection: await inspect(machine) }
}

describe('the case that a page carries', () => {
  it('has what old kernels read behind the tables, without what the guest keeps there', async () => {
    const { at, machine, inspection } = await overrun()
    expect(inspection.loaded.memory.isLoaded(at)).toBe(true)
    const bytes = gunzipSync(await carriedCase(machine, inspection, false))
    expect(bytes.includes(SECRET)).toBe(false)
    const again = await inspect(await open(bytesSource(bytes)))
    expect(again.loaded.memory.isLoaded(at)).toBe(true)
    expect(again.judge()).toEqual(inspection.judge())
  })

  it('has the pages of the tables as they are, unless it is scrubbed', async () => {
    const { machine, inspection } = await overrun()
    const [itt] = inspection.scenes[0]!.tables.mappings.devices
    const beside = (itt!.ittAddr + 2048) as Gpa
    inspection.loaded.memory.write(beside, new TextEncoder().encode(SECRET))
    expect(gunzipSync(await carriedCase(machine, inspection, false)).includes(SECRET)).toBe(true)
    expect(gunzipSync(await carriedCase(machine, inspection, true)).includes(SECRET)).toBe(false)
  })
})
