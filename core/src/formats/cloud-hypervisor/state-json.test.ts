import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { bytesSource } from '../index.ts'
import { exactJson, snapshotFiles } from '../testing/cloud-hypervisor-writer.ts'
import { someRegisters } from '../testing/stream-writer.ts'
import { open, parts, text, with_ } from './testing/some-snapshot.ts'

describe('state.json', () => {
  it('that another program wrote of a real VM has its registers', async () => {
    const read = (name: string) => ({
      name,
      source: bytesSource(readFileSync(new URL(`../../../../fixtures/formats/cloud-hypervisor-53/${name}`, import.meta.url))),
    })
    const ram = {
      name: 'memory-ranges',
      source: { byteLength: 64 << 20, slice: async (start: number, end: number) => new Uint8Array(end - start) },
    }
    const vm = await open([read('state.json'), read('config.json'), ram])
    expect(vm.machine).toBe('v46 or later')
    expect(vm.registers).toEqual({
      itses: [
        {
          base: 0x8f9_0000,
          ctlr: 0x8000_0001,
          iidr: 0x4b00_043b,
          cbaser: 0xb800_0000_429a_040fn,
          cwriter: 0x7a0n,
          creadr: 0x7a0n,
          baser: [0xf907_0000_429b_0600n, 0xbc07_0000_429c_0600n, 0n, 0n, 0n, 0n, 0n, 0n],
        },
      ],
      redistributors: [
        { vcpuId: 0, ctlr: 7, propbaser: 0x429d_078fn, pendbaser: 0x429e_0780n },
        { vcpuId: 1, ctlr: 7, propbaser: 0x429d_078fn, pendbaser: 0x429f_0780n },
      ],
    })
  })

  it('is read whatever the order of its members and however it is spaced', async () => {
    const files = await with_(
      snapshotFiles(parts),
      'state.json',
      text((json) => {
        const { snapshots, snapshot_data } = JSON.parse(json) as Record<string, unknown>
        return JSON.stringify({ snapshot_data, snapshots }, null, 2)
      }),
    )
    expect((await open(files)).registers.itses[0]!.cbaser).toBe(someRegisters.itses[0]!.cbaser)
  })

  it('is written with every bit of its integers', () => {
    expect(exactJson({ a: [2n ** 64n - 1n, 1, 'x"', null] })).toBe('{"a":[18446744073709551615,1,"x\\"",null]}')
  })
})
