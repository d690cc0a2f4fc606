import { open } from 'node:fs/promises'

const L1_ENTRY = 8

/**
 * Writes `image`, a qcow2 image with one internal snapshot, as one whose disk has `diskBytes`: its VM state lies behind that, and the
 * file is as long, but for a few clusters all of it a hole.
 */
export async function writeSparseQcow2(path: string, image: Uint8Array, diskBytes: number): Promise<void> {
  const bytes = image.slice()
  const view = new DataView(bytes.buffer)
  const clusterBytes = 2 ** view.getUint32(20)
  const snapshot = Number(view.getBigUint64(64))
  const [l1, entries] = [Number(view.getBigUint64(snapshot)), view.getUint32(snapshot + 8)]
  const spanned = (clusterBytes / L1_ENTRY) * clusterBytes
  const [first, newFirst] = [Math.ceil(Number(view.getBigUint64(snapshot + 48)) / spanned), Math.ceil(diskBytes / spanned)]
  const newL1 = Math.ceil(bytes.length / clusterBytes) * clusterBytes
  view.setBigUint64(snapshot, BigInt(newL1))
  view.setUint32(snapshot + 8, newFirst + entries - first)
  view.setBigUint64(snapshot + 48, BigInt(diskBytes))
  view.setBigUint64(24, BigInt(diskBytes))
  await using file = await open(path, 'wx')
  await file.write(bytes, 0, bytes.length, 0)
  const kept = bytes.subarray(l1 + first * L1_ENTRY, l1 + entries * L1_ENTRY)
  await file.write(kept, 0, kept.length, newL1 + newFirst * L1_ENTRY)
  await file.truncate(diskBytes)
}
