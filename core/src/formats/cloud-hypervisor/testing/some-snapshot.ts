import { GITS_TRANSLATER, type MsiFunction } from '../../../abi/index.ts'
import type { Gpa } from '../../../memory/index.ts'
import { bytesSource, type MachineFile, openSavedMachine, type SavedMachine } from '../../index.ts'
import { type SnapshotParts, type SnapshotStyle, snapshotFiles, snapshotIts } from '../../testing/cloud-hypervisor-writer.ts'
import { someRegisters } from '../../testing/stream-writer.ts'

export const styles: readonly SnapshotStyle[] = ['v25', 'v29', 'v39', 'v46']
export const PAGE = 4096
export const page = (fill: number): Uint8Array => new Uint8Array(PAGE).fill(fill)
export const pages = (...fills: readonly number[]): Uint8Array => new Uint8Array(Buffer.concat(fills.map(page)))
export const gpa = (at: number): Gpa => at as Gpa

export const its = snapshotIts(2)
export const doorbell = BigInt(its + GITS_TRANSLATER)
export const vector = (data: number) =>
  ({ address: doorbell, target: { kind: 'translater', its: 0 }, data, masked: false }) as const
export const msi: readonly MsiFunction[] = [
  { name: 'disk', deviceId: 0x18, kind: 'MSI-X', enabled: true, vectors: [vector(0), { ...vector(1), masked: true }] },
  {
    name: 'far',
    deviceId: 0x108,
    kind: 'MSI-X',
    enabled: false,
    vectors: [{ address: 0n, target: { kind: 'unset' }, data: 0, masked: true }],
  },
  { name: 'hidden', deviceId: 0x110, kind: 'unread', enabled: false, vectors: [] },
]
export const parts: SnapshotParts = {
  registers: someRegisters,
  ram: [
    { base: gpa(0x4000_0000), bytes: pages(1, 2, 3) },
    { base: gpa(0x1_0000_0000), bytes: pages(4) },
  ],
  msi,
}

export const open = (files: readonly MachineFile[]): Promise<SavedMachine> => openSavedMachine(files)
export const opened = (more: Partial<SnapshotParts> = {}): Promise<SavedMachine> => open(snapshotFiles({ ...parts, ...more }))

/** The first byte of each page. */
export async function fills(vm: SavedMachine): Promise<number[]> {
  const memory = vm.memory()
  await vm.load(memory, vm.ranges)
  return vm.ranges.flatMap(({ base, bytes }) => Array.from({ length: bytes / PAGE }, (_, i) => memory.u8(gpa(base + i * PAGE))))
}

/** The files with the bytes of one replaced. */
export function with_(
  files: readonly MachineFile[],
  name: string,
  change: (bytes: Uint8Array) => Uint8Array,
): Promise<MachineFile[]> {
  return Promise.all(
    files.map(async (file) => {
      if (file.name !== name) return file
      return { name, source: bytesSource(change(await file.source.slice(0, file.source.byteLength))) }
    }),
  )
}

export const text = (change: (json: string) => string) => (bytes: Uint8Array) =>
  new Uint8Array(Buffer.from(change(Buffer.from(bytes).toString())))
