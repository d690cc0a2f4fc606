import { GITS_TRANSLATER, type GicRegisters, type SavedVcpu } from '../../abi/index.ts'
import { type Gpa, type GpaRange, PAGE_BYTES } from '../../memory/index.ts'
import type { VirtioDevice } from '../../virtio/index.ts'
import { crc64 } from '../firecracker/crc64.ts'
import { itsBase } from '../firecracker/gic-state.ts'
import { type ByteSource, bytesSource, type MachineFile, openSavedMachine, type SavedMachine } from '../index.ts'
import type { FirecrackerRelease } from '../origin.ts'
import { type StateParts, writeVmstate } from './firecracker-writer.ts'
import { someRegisters } from './stream-writer.ts'

export const RAM = 0x8000_0000 as Gpa
export const regions = [{ base: RAM, bytes: 4 * PAGE_BYTES }]
export const ITS = itsBase(2)
export const its = { ...someRegisters.itses[0]!, base: ITS }
export const registers: GicRegisters = { ...someRegisters, itses: [its] }
export const page = (fill: number): Uint8Array => new Uint8Array(PAGE_BYTES).fill(fill)
export const pages = (...fills: readonly number[]): Uint8Array => Uint8Array.from(fills.flatMap((fill) => [...page(fill)]))
export const file = (name: string, bytes: Uint8Array, more: Partial<MachineFile & ByteSource> = {}): MachineFile => {
  const { part, ...source } = more
  return { name, source: { ...bytesSource(bytes), ...source }, ...(part && { part }) }
}
export const state = (parts: Partial<StateParts> = {}, release: FirecrackerRelease = '1.15') =>
  writeVmstate(release, { registers, regions, ...parts })
export const open = (vmstate: Uint8Array, ...others: readonly MachineFile[]) =>
  openSavedMachine([file('vmstate', vmstate), ...others])
export const memory = (bytes = pages(1, 2, 3, 4)) => file('mem', bytes, { part: 'memory' })
export const contents = async (machine: SavedMachine, range: GpaRange) => {
  const loaded = machine.memory()
  await machine.load(loaded, [range])
  return loaded.read(range.base, range.bytes)
}
export const fills = async (machine: SavedMachine, count = 4) => {
  const all = await contents(machine, { base: RAM, bytes: count * PAGE_BYTES })
  return Array.from({ length: count }, (_, i) => all[i * PAGE_BYTES])
}

export const disk: VirtioDevice = {
  name: '0000:00:01.0/rootfs/virtio-blk',
  deviceId: 8,
  kind: 'blk',
  status: 15,
  features: 0x1_2000_0000n,
  configVector: 0,
  queues: [
    {
      index: 0,
      size: 256,
      vector: 1,
      place: { kind: 'ram', desc: RAM, avail: (RAM + 0x1000) as Gpa, used: (RAM + 0x2000) as Gpa },
      nextAvail: 700,
      offset: 0,
    },
    { index: 1, size: 0, vector: undefined, place: { kind: 'unset' }, nextAvail: 0, offset: 0 },
  ],
  offset: 0,
}
const vector = (data: number) => ({
  address: BigInt(ITS + GITS_TRANSLATER),
  target: { kind: 'translater', its: 0 } as const,
  data,
  masked: false,
})
const unset = { address: 0n, target: { kind: 'unset' } as const, data: 0, masked: true }
export const fn = { name: disk.name, deviceId: 8, kind: 'MSI-X' as const, enabled: true, vectors: [vector(0), vector(1), unset] }
export const vcpus: readonly SavedVcpu[] = [{ did: 'waiting', isHandling: false }, { did: 'off' }]

export const withCrc = (content: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(content.length + 8)
  bytes.set(content)
  new DataView(bytes.buffer).setBigUint64(content.length, crc64(content), true)
  return bytes
}
