import type { Clothing } from './clothing.ts'
import { cloudHypervisorClothings } from './cloud-hypervisor-clothings.ts'
import { dumpClothings } from './dump-clothings.ts'
import { firecrackerClothings } from './firecracker-clothings.ts'
import { qemuClothings } from './qemu-clothings.ts'
import { rawClothings } from './raw-clothings.ts'

/** A writer for every format that is read. */
export const clothings: readonly Clothing[] = [
  ...qemuClothings,
  ...cloudHypervisorClothings,
  ...firecrackerClothings,
  ...rawClothings,
  ...dumpClothings,
]
