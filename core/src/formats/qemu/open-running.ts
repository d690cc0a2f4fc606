import { type GpaRange, LoadableMemory } from '../../memory/index.ts'
import { type ByteSource, bytesSource, partOf } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { guestRam } from '../guest-ram.ts'
import type { SavedFile } from '../machine-file.ts'
import { type PieceFacts, PieceMachine, type RamPiece } from '../piece-machine.ts'
import type { SavedMachine } from '../saved-machine.ts'
import { directFacts, followedFacts } from './device-facts.ts'
import { undescribedSections } from './undescribed-state.ts'

/** A VM that is paused and still in its VMM. */
export interface RunningVm {
  /** Its machine type: `virt-7.2`. */
  readonly machine: string
  /** Guest RAM in whole pages, in any order. */
  readonly ram: readonly GpaRange[]
  /** Where more of it may be. */
  readonly unlocated: readonly GpaRange[]
  /** Reads a part of guest RAM. What it rejects with ends whatever asked for it. */
  read(range: GpaRange): Promise<Uint8Array>
}

/**
 * Opens a running VM of QEMU as if it had been saved: the state of its devices as `xen-save-devices-state` wrote it while the VM was paused, and
 * RAM that is read where it is, page by page as it is asked for. The machine is of that moment as long as the VM stays paused.
 *
 * @throws FormatError where the state is none of a GICv3 with KVM's ITS, with the byte.
 */
export async function openRunningVm(state: Uint8Array, vm: RunningVm): Promise<SavedMachine> {
  if (!vm.machine.startsWith('virt')) throw new FormatError(0, 'a VM of the arm64 "virt" machine', `machine "${vm.machine}"`)
  const ranges = guestRam(
    vm.ram.map((range) => ({ ...range, name: `0x${range.base.toString(16)}` })),
    0,
  )
  const source = bytesSource(state)
  const direct = await directFacts(source, undescribedSections(state), state.length)
  const pieces = ranges.map((range): RamPiece => ({ ...range, file: ramOf(range, vm), offset: 0 }))
  const facts: PieceFacts = {
    kind: 'qemu',
    origin: { vmm: 'qemu', ram: 'running', container: { kind: 'plain' } },
    machine: vm.machine,
    registers: direct.registers,
    blocks: [],
    unlocated: vm.unlocated,
    msi: direct.msi,
    virtio: direct.virtio,
    vcpus: [],
    files: [],
    writeBack: { to: 'nowhere', because: 'running' },
  }
  const machine = new PieceMachine(facts, pieces)
  const memory = new LoadableMemory(ranges)
  const followed = await followedFacts(direct, { memory, load: (wanted) => machine.load(memory, wanted) })
  return new PieceMachine({ ...facts, ...followed }, pieces)
}

/** A range of guest RAM as a file. */
function ramOf({ base, bytes }: GpaRange, vm: RunningVm): SavedFile {
  const all: ByteSource = {
    byteLength: base + bytes,
    slice: (start, end) => vm.read({ base: start as GpaRange['base'], bytes: end - start }),
  }
  return { name: 'guest RAM', source: partOf(all, base, bytes), compression: undefined, container: { kind: 'plain' } }
}
