import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { decompress } from 'fzstd'
import { bytesSource, openSavedMachine, type SavedMachine } from '../index.ts'

const folder = new URL('../../../../fixtures/saved/', import.meta.url)

/** The real QEMU streams kept in fixtures/saved, KVM's ITS only. */
export const streamFixtures = [
  'before-churn',
  'bridge-s2',
  'busy',
  'busy-cleared',
  'busy-lost',
  'churned',
  'ghosts',
  'healthy',
  'live-resent-pages',
  'mem-numa2-s1',
  'mem-vmem-s1',
  'numa',
  'nvme72-s1',
  'postcopy',
  'qemu10',
  'scattered-clean',
  'scattered-partly-repaired',
  'scattered-unrestorable',
  'smmu-s1',
  'smmu-s3',
  'unrestorable',
  'unrestorable.repaired',
  'wrapped-clean',
  'wrapped',
] as const

/** Cases of real VMs. */
const caseFixtures = [
  'scattered-shared-lpi',
  'odd-reinit-s1',
  'odd-clear-s1',
  'smmu-s3-kernel',
  'bridge-s2-kernel',
  'lost-split',
  'lost-packed',
  'pending-packed',
  'polling',
] as const

/** Path of a file of fixtures/saved. */
export function fixtureFile(name: string): URL {
  return new URL(name, folder)
}

/** A file of fixtures/saved as text, or undefined when this fixture has none: `ghosts.guest-view.txt`. */
export function fixtureText(name: string): string | undefined {
  const file = fixtureFile(name)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

/** A zstd-compressed file of fixtures/saved, decompressed: `ghosts.mig`. */
export function fixtureBytes(name: string): Uint8Array {
  return decompress(readFileSync(fixtureFile(`${name}.zst`)))
}

/** Opens a saved VM of fixtures/saved by its name without `.mig.zst`. */
export function openFixture(name: string): Promise<SavedMachine> {
  return openSavedMachine(bytesSource(fixtureBytes(`${name}.mig`)))
}

/** Opens a case of fixtures/saved by its name without `.vits`. */
export function openCase(name: (typeof caseFixtures)[number]): Promise<SavedMachine> {
  return openSavedMachine(bytesSource(gunzipSync(readFileSync(fixtureFile(`${name}.vits`)))))
}
