import { type Gpa, PAGE_BYTES } from '@vits/core/memory'
import { type RamRecord, writeStream } from '../../core/src/formats/testing/stream-writer.ts'
import type { LargeVm } from './large-vm.ts'

const BLOCK = 'mach-virt.ram'

/** The QEMU stream of a guest whose RAM is sparse and in one piece: a page that was never written is a record of zeros. */
export function guestStream({ memory, registers }: LargeVm): Uint8Array {
  const [{ base, bytes }] = memory.ranges as readonly [(typeof memory.ranges)[number]]
  const cursor = memory.cursor()
  const records = Array.from({ length: bytes / PAGE_BYTES }, (_, page): RamRecord => {
    const at = (base + page * PAGE_BYTES) as Gpa
    cursor.seek(at)
    const contents = cursor.knownZeros(1) > 0 ? { fill: 0 } : { contents: memory.read(at, PAGE_BYTES) }
    return { page, ...(page === 0 && { block: BLOCK }), ...contents }
  })
  return writeStream({ blocks: [{ name: BLOCK, bytes }], sections: [records], registers })
}
