import { type Clothing, ramOf } from './clothing.ts'
import { type SnapshotStyle, snapshotFiles } from './cloud-hypervisor-writer.ts'

const styles: readonly SnapshotStyle[] = ['v25', 'v29', 'v39', 'v46']

/** What Cloud Hypervisor wrote, from one version on to the next that writes otherwise. */
export const cloudHypervisorClothings: readonly Clothing[] = styles.map((style) => ({
  name: `snapshot of Cloud Hypervisor ${style}`,
  hasMsi: style === 'v39' || style === 'v46',
  hasItses: false,
  hasGaps: true,
  files: (vm) => snapshotFiles({ ...vm, ram: ramOf(vm), style }),
}))
