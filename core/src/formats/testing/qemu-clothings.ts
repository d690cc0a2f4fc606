import { PAGE_BYTES } from '../../memory/index.ts'
import { type BareVm, type Clothing, nonzeroPages, oneFile } from './clothing.ts'
import { libvirtSave, XML_BYTES } from './libvirt-writer.ts'
import { packers } from './packers.ts'
import { writeQcow2, writeQcow2Disk } from './qcow2-writer.ts'
import { type RamRecord, writeStream } from './stream-writer.ts'

const BLOCK = 'mach-virt.ram'

/** The pages of RAM in one block, by their numbers. */
function numbered({ memory }: BareVm): { readonly bytes: number; readonly pages: ReadonlyMap<number, Uint8Array> } {
  const [ram, ...others] = memory.ranges
  if (ram === undefined || others.length > 0) throw new Error('QEMU has RAM in one piece here')
  const pages = [...nonzeroPages(memory)].map(([at, page]) => [(at - ram.base) / PAGE_BYTES, page] as const)
  return { bytes: ram.bytes, pages: new Map(pages) }
}

function stream(vm: BareVm, { startsAt = 0 } = {}): Uint8Array {
  const { bytes, pages } = numbered(vm)
  const records = Array.from({ length: bytes / PAGE_BYTES }, (_, page): RamRecord => {
    const contents = pages.get(page)
    return { page, block: BLOCK, ...(contents === undefined ? { fill: 0 } : { contents }) }
  })
  return writeStream({ blocks: [{ name: BLOCK, bytes }], sections: [records], registers: vm.registers, startsAt })
}

function mappedRam(vm: BareVm, { startsAt = 0 } = {}): Uint8Array {
  const { bytes, pages } = numbered(vm)
  return writeStream({ blocks: [{ name: BLOCK, bytes }], mapped: { [BLOCK]: pages }, registers: vm.registers, startsAt })
}

const VOLUME_BYTES = 10 << 20

/** The stream on a volume, with what an earlier one left behind it. */
function onVolume(bytes: Uint8Array): Uint8Array {
  const volume = new Uint8Array(bytes.length + VOLUME_BYTES)
  volume.set(bytes)
  volume.set(bytes.subarray(-5000), bytes.length + 5000)
  return volume
}

const onDisk = (bytes: Uint8Array): Uint8Array => writeQcow2Disk(bytes, bytes.length + VOLUME_BYTES)

const qemu = { hasMsi: false, hasItses: true, hasGaps: false } as const
const inLibvirt = { startsAt: 92 + XML_BYTES }

/** What QEMU writes, and what others put around it. */
export const qemuClothings: readonly Clothing[] = [
  { ...qemu, name: 'QEMU stream', files: (vm) => oneFile(stream(vm)) },
  { ...qemu, name: 'mapped-ram', files: (vm) => oneFile(mappedRam(vm)) },
  { ...qemu, name: 'libvirt save', files: (vm) => oneFile(libvirtSave(stream(vm))) },
  { ...qemu, name: 'libvirt save, sparse', files: (vm) => oneFile(libvirtSave(mappedRam(vm, inLibvirt), { storage: 6 })) },
  ...Object.entries(packers).flatMap(([name, { storage, pack }]): Clothing[] => [
    { ...qemu, name: `QEMU stream in ${name}`, files: (vm) => oneFile(pack(stream(vm))) },
    { ...qemu, name: `libvirt save in ${name}`, files: (vm) => oneFile(libvirtSave(pack(stream(vm)), { storage })) },
  ]),
  { ...qemu, name: 'qcow2 snapshot', files: (vm) => oneFile(writeQcow2(stream(vm))) },
  { ...qemu, name: 'Proxmox VE volume', files: (vm) => oneFile(onVolume(stream(vm))) },
  { ...qemu, name: 'Proxmox VE volume, qcow2', files: (vm) => oneFile(onDisk(stream(vm))) },
]
