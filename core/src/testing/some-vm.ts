import { KvmVm } from '../kvm/index.ts'
import { type Gpa, GuestMemory, LoadableMemory } from '../memory/index.ts'

// biome-ignore lint/suspicious/noExplicitAny: what a caller passes whom no compiler stops
export type Anything = any

export const RAM = 0x4000_0000 as Gpa
export const KIB_64 = 0x1_0000
export const LAST = (RAM + KIB_64 - 8) as Gpa

/** A VM of two vCPUs, an ITS and 64 KiB of RAM of each kind. */
export function someVm() {
  const memory = new GuestMemory([{ base: RAM, bytes: KIB_64 }])
  const vm = new KvmVm({ memory })
  vm.setMemory(1, (RAM + KIB_64) as Gpa, KIB_64, 'sparse')
  vm.createVcpu()
  vm.createVcpu(5)
  const gic = vm.createGic()
  const its = vm.createIts()
  memory.setWord(RAM, 0x1234_5678, 0x9abc_def0)
  memory.clearDirty()
  const loadable = new LoadableMemory([{ base: RAM, bytes: KIB_64 }])
  return { vm, memory, gic, its, loadable }
}
export type SomeVm = ReturnType<typeof someVm>

/** Everything of it that a refused call must leave as it was. */
export function stateOf({ vm, memory, its, loadable }: SomeVm) {
  const bytes = memory.ranges.map(({ base, bytes: length }) => Buffer.from(memory.read(base, length)).toString('latin1'))
  const { redistributors, propbaser } = vm.gic
  const { cbaser, creadr, cwriter } = its.its
  return {
    ranges: memory.ranges,
    dirty: memory.dirtyPages(),
    bytes,
    vcpus: structuredClone(vm.vcpus),
    redistributors: structuredClone(redistributors),
    registers: [propbaser, cbaser, creadr, cwriter, its.its.baser(0), its.its.baser(1), its.base],
    loaded: loadable.isLoaded(RAM, KIB_64),
  }
}
