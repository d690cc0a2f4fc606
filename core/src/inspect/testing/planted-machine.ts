import type { GicRegisters, MsiFunction, SavedVcpu } from '../../abi/index.ts'
import { PlantedVm } from '../../audit/testing/planted-vm.ts'
import { type SavedMachine, writeCase } from '../../formats/index.ts'
import { type Gpa, LoadableMemory, PAGE_BYTES, type ReadonlyMemory } from '../../memory/index.ts'
import type { VirtioDevice } from '../../virtio/index.ts'
import { inspect } from '../index.ts'

/** A planted VM as if it had been saved and opened. */
export function plantedMachine(vm: PlantedVm): SavedMachine {
  const { registers, msi = [], virtio = [], vcpus = [] } = vm.input()
  return savedMachine({ memory: vm.memory, registers, msi, virtio, vcpus })
}

interface Saved {
  readonly memory: ReadonlyMemory
  readonly registers: GicRegisters
  readonly msi: readonly MsiFunction[]
  readonly virtio?: readonly VirtioDevice[]
  readonly vcpus?: readonly SavedVcpu[]
}

/** A VM as if it had been saved and opened: its RAM is read page by page. */
export function savedMachine({ memory: saved, registers, msi, virtio = [], vcpus = [] }: Saved): SavedMachine {
  const { ranges } = saved
  return {
    kind: 'qemu',
    origin: { vmm: 'qemu', ram: 'stream', container: { kind: 'plain' } },
    format: 'QEMU stream',
    machine: 'virt-10.0',
    registers,
    ranges,
    blocks: [],
    unlocated: [],
    msi,
    virtio,
    vcpus,
    memory: () => new LoadableMemory(ranges),
    load: async (memory, wanted) => {
      for (const { base, bytes } of wanted) {
        for (let at = base - (base % PAGE_BYTES); at < base + bytes; at += PAGE_BYTES) {
          if (!memory.isLoaded(at as Gpa)) memory.load(at as Gpa, saved.read(at as Gpa, PAGE_BYTES))
        }
      }
    },
    missingPages: () => [],
    zeros: () => [],
    files: [],
    writeBack: { to: 'files' },
    edits: async () => [],
  }
}

/** The bytes of the case that a planted VM makes. */
export async function plantedCase(vm: PlantedVm): Promise<Uint8Array> {
  const machine = plantedMachine(vm)
  const { loaded } = await inspect(machine)
  return writeCase(machine, loaded.memory, loaded.ranges)
}

/** The VM of fixtures/saved/two-itses.vits: DeviceID 16 is mapped in both ITSes, and the second has an orphan that hides a device. */
export function twoItses(): PlantedVm {
  const first = new PlantedVm().map(16, { 0: [8192, 0], 1: [8193, 1] }).save()
  new PlantedVm({ beside: first })
    .map(8, { 0: [8300, 0] })
    .save()
    .unmap(8)
    .map(16, { 0: [8200, 0] })
    .map(24, { 0: [8201, 1] })
    .save()
  return first
}
