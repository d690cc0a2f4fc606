import { type Gpa, type GpaRange, PAGE_BYTES } from '../../memory/index.ts'
import { type ByteSource, bytesSource, type MachineFile } from '../index.ts'
import type { FirecrackerRelease } from '../origin.ts'
import type { BareVm } from './clothing.ts'
import { type StateParts, writeVmstate } from './firecracker-writer.ts'
import { codeBytes, codeRange } from './vcpu-code.ts'

/** A saved VM whose RAM is read when it is asked for: parts of its ranges. */
export interface DressedVm extends Omit<BareVm, 'memory'> {
  readonly ranges: readonly GpaRange[]
  readonly read: (at: Gpa, bytes: number) => Promise<Uint8Array> | Uint8Array
}

/**
 * The two files that a release of Firecracker would have written of a machine with one ITS: at the address that Firecracker gives it, and vectors that
 * were set to it set to that. RAM keeps its addresses; `withCode`: there is more of it, with the code that tells what vCPUs did. Functions become virtio
 * devices with MSI-X, most of them disks.
 */
export function firecrackerFiles(
  { registers, msi, virtio, vcpus, ranges, read }: DressedVm,
  release: FirecrackerRelease,
  { withCode = false, ...more }: Partial<StateParts> & { readonly withCode?: boolean } = {},
): MachineFile[] {
  const regions = [...ranges, ...(withCode ? [codeRange] : [])]
  const state = writeVmstate(release, { registers, msi, virtio, vcpus, regions, ...more })
  const code = codeBytes()
  const piece = (at: Gpa, bytes: number) =>
    withCode && at >= codeRange.base ? code.slice(at - codeRange.base, at - codeRange.base + bytes) : read(at, bytes)
  return [
    { name: 'vmstate', source: bytesSource(state) },
    { name: 'mem', source: ramSource(piece, regions), part: 'memory' },
  ]
}

/** Guest RAM of these ranges, one after the other. */
function ramSource(read: DressedVm['read'], regions: readonly GpaRange[]): ByteSource {
  const starts = regions.map((_, i) => regions.slice(0, i).reduce((sum, { bytes }) => sum + bytes, 0))
  return {
    byteLength: regions.reduce((sum, { bytes }) => sum + bytes, 0),
    slice: async (start, end) => {
      const all = new Uint8Array(end - start)
      for (let at = start; at < end; ) {
        const i = starts.findLastIndex((each) => each <= at)
        const inRegion = at - starts[i]!
        const bytes = Math.min(end - at, regions[i]!.bytes - inRegion)
        all.set(await read((regions[i]!.base + inRegion) as Gpa, bytes), at - start)
        at += bytes
      }
      return all
    },
  }
}

/** Reads parts of pages with what loads whole ones. */
export const pagewise =
  (load: (pages: GpaRange) => Promise<Uint8Array>): DressedVm['read'] =>
  async (at, bytes) => {
    const first = at - (at % PAGE_BYTES)
    const pages = await load({ base: first as Gpa, bytes: Math.ceil((at + bytes - first) / PAGE_BYTES) * PAGE_BYTES })
    return pages.subarray(at - first, at - first + bytes)
  }
