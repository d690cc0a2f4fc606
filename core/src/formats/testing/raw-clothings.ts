import { type Clothing, ramOf } from './clothing.ts'
import { rawFiles } from './raw-writer.ts'

/** RAM in a file, and its registers in another. */
export const rawClothings: readonly Clothing[] = [
  {
    name: 'raw RAM and its registers as JSON',
    hasMsi: true,
    hasItses: true,
    hasGaps: true,
    files: (vm) => rawFiles({ ...vm, ram: ramOf(vm) }),
  },
]
