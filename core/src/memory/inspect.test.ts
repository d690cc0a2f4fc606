import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { setScene } from '../audit/index.ts'
import { PlantedVm } from '../audit/testing/planted-vm.ts'
import { KvmVm } from '../kvm/index.ts'
import { type Gpa, GuestMemory, LoadableMemory, sizeText } from './index.ts'

const gpa = (at: number) => at as Gpa

describe('what console.log shows', () => {
  it('of guest RAM is where it is, how it is kept and how much was written', () => {
    const memory = new GuestMemory([
      { base: gpa(0x4000_0000), bytes: 0x10_0000 },
      { base: gpa(0x8000_0000), bytes: 0x6000_0000, backing: 'sparse' },
    ])
    memory.setU32(gpa(0x4000_0000), 1)
    memory.setU32(gpa(0x8000_0000), 1)
    memory.setU32(gpa(0x8000_1000), 1)
    expect(inspect({ memory })).toBe(`{
  memory: GuestMemory 1.5 GiB in 2 regions
    0x40000000 to 0x400fffff  1 MiB flat, 1 page written
    0x80000000 to 0xdfffffff  1.5 GiB sparse, 2 pages kept, 2 pages written
}`)
    expect(inspect(memory.fork())).toContain('sparse, 2 pages kept, no pages written')
  })

  it('of RAM in thousands of pieces is the first of them, and how many there are', () => {
    const shapes = Array.from({ length: 2000 }, (_, i) => ({ base: gpa(i * 0x2000), bytes: 0x1000 }))
    const lines = inspect(new LoadableMemory(shapes)).split('\n')
    expect(lines[0]).toBe('LoadableMemory 7.8 MiB in 2000 regions')
    expect(lines).toHaveLength(18)
    expect(lines.at(-1)).toBe('  and 1984 more')
  })

  it('of a VM, an ITS, a scene and mappings is a few lines', () => {
    const vm = new KvmVm()
    vm.setMemory(0, gpa(0x4000_0000), 0x1000_0000, 'sparse')
    expect(inspect(vm)).toBe(
      'KvmVm linux-7.3.4, no vCPUs, no ITSes\n  GuestMemory 256 MiB in 1 region\n    0x40000000 to 0x4fffffff  256 MiB sparse, no pages kept, no pages written',
    )
    const planted = new PlantedVm().map(16, { 0: [8192, 0], 1: [8193, 1] }).save()
    const scene = setScene(planted.input())
    expect(inspect(scene)).toMatch(/^Scene of ITS 0 at 0x8080000, restored by linux-[\d.]+, no pages missing$/)
    expect(inspect(scene.tables.mappings)).toMatch(
      /^Mappings 1 device, 2 events, 2 collections\n {2}DeviceID 0x10: ITT 0x[\da-f]+, 5 EventID bits, 2 events$/,
    )
  })

  it('of bytes is a number that people can read', () => {
    expect([8, 1024, 1536, 192 * 2 ** 20, 2 ** 50].map(sizeText)).toEqual(['8 bytes', '1 KiB', '1.5 KiB', '192 MiB', '1024 TiB'])
  })
})
