import { type Gpa, type GpaRange, PAGE_BYTES } from '../../memory/index.ts'
import { type ByteSource, bytesSource, type MachineFile, type SavedMachine } from '../index.ts'
import type { FirecrackerRelease } from '../origin.ts'
import { type StateParts, writeVmstate } from './firecracker-writer.ts'
import { codeBytes, codeRange } from './vcpu-code.ts'

/** As much of a saved machine as is dressed anew. */
export type Dressed = Pick<SavedMachine, 'registers' | 'msi' | 'virtio' | 'vcpus' | 'ranges' | 'memory' | 'load'>

/**
 * The two files that a release of Firecracker would have written of a machine with one ITS: at the address that Firecracker gives it, and vectors that
 * were set to it set to that. RAM keeps its addresses; there is more of it where the code is that tells what vCPUs did. Functions with MSI-X become virtio
 * devices, most of them disks; those that have none are left out.
 */
export function firecrackerFiles(machine: Dressed, release: FirecrackerRelease, more: Partial<StateParts> = {}): MachineFile[] {
  const isTold = machine.vcpus.some(({ did }) => did === 'waiting' || did === 'kernel')
  const regions = [...machine.ranges, ...(isTold ? [codeRange] : [])]
  const { registers, virtio, vcpus } = machine
  const msi = machine.msi.filter(({ kind }) => kind === 'MSI-X')
  const state = writeVmstate(release, { registers, msi, virtio, vcpus, regions, ...more })
  return [
    { name: 'vmstate', source: bytesSource(state) },
    { name: 'mem', source: ramSource(machine, regions), part: 'memory' },
  ]
}

/** Guest RAM of these ranges, one after the other, read when it is asked for. */
function ramSource(machine: Dressed, regions: readonly GpaRange[]): ByteSource {
  const starts = regions.map((_, i) => regions.slice(0, i).reduce((sum, { bytes }) => sum + bytes, 0))
  const code = codeBytes()
  const piece = async (start: number, end: number): Promise<Uint8Array> => {
    const i = starts.findLastIndex((each) => each <= start)
    const { base, bytes } = regions[i]!
    const at = base + (start - starts[i]!)
    const length = Math.min(end - start, starts[i]! + bytes - start)
    if (regions[i] === codeRange) return code.slice(at - codeRange.base, at - codeRange.base + length)
    const memory = machine.memory()
    const first = at - (at % PAGE_BYTES)
    await machine.load(memory, [{ base: first as Gpa, bytes: Math.ceil((at + length - first) / PAGE_BYTES) * PAGE_BYTES }])
    return memory.read(at as Gpa, length)
  }
  return {
    byteLength: regions.reduce((sum, { bytes }) => sum + bytes, 0),
    slice: async (start, end) => {
      const read = new Uint8Array(end - start)
      for (let at = start; at < end; ) {
        const bytes = await piece(at, end)
        read.set(bytes, at - start)
        at += bytes.length
      }
      return read
    },
  }
}
