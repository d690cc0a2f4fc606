import type { KvmLists } from '@vits/core/abi'
import { readKvmLists } from '@vits/core/formats'
import type { Io } from './io.ts'
import { paths } from './option.ts'

/** What KVM's debugfs told while the VM ran. */
export const vgicItsState = paths(
  '--vgic-its-state <file>',
  'what debugfs of the host told of the VM: a copy of kvm/PID-FD/vgic-its-state@BASE, or of vgic-state; once for each',
)

/** What the files tell; undefined where none is named. */
export async function kvmListsIn(files: readonly string[], io: Io): Promise<KvmLists | undefined> {
  if (files.length === 0) return undefined
  const opened = await Promise.all(files.map(async (name) => ({ name, source: await io.open(name) })))
  try {
    return await readKvmLists(opened)
  } finally {
    for (const { source } of opened) await source.close()
  }
}
