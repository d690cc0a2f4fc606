import { type BareVm, type Clothing, oneFile } from './clothing.ts'
import { type DumpedGuest, writeElfDump, writeKdump } from './dump-writer.ts'

/** RAM alone: no guest here keeps the registers in it, so whoever opens a dump is told them. */
const told = {
  hasMsi: false,
  hasItses: true,
  hasGaps: true,
  options: ({ registers }: BareVm) => ({ findRegisters: async () => registers }),
} as const

const dumped = ({ memory, registers }: BareVm): DumpedGuest => ({
  ranges: memory.ranges,
  vcpus: registers.redistributors.length,
  read: (at, bytes) => memory.read(at, bytes),
})

export const dumpClothings: readonly Clothing[] = [
  { name: 'QEMU ELF dump', ...told, files: (vm) => oneFile(writeElfDump(dumped(vm))) },
  {
    name: 'kdump file of pages of 4 KiB, flattened',
    ...told,
    files: (vm) => oneFile(writeKdump(dumped(vm), { blockBytes: 4096, flattened: true })),
  },
]
