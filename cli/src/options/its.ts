import type { Inspection } from '@vits/core/inspect'
import { UsageError } from '../failure.ts'
import { whole } from './option.ts'

/** Which ITS of a VM a command looks at. */
export const its = whole('--its <index>', 'which ITS, where the VM has several: 0 for the first')

/** The index, when the VM has such an ITS. */
export function knownIts(index: number, { scenes }: Inspection): number {
  if (index >= scenes.length) throw new UsageError(`no ITS ${index}: the VM has ${scenes.length}, counted from 0`)
  return index
}
