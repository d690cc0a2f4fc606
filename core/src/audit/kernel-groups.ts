import type { ProfileId } from '../abi/index.ts'
import type { KernelRow } from './kernels.ts'

/** Kernels that make the same of a saved VM. */
export interface KernelGroup {
  readonly kernels: readonly ProfileId[]
  /** What each of them makes of it. */
  readonly row: Omit<KernelRow, 'kernel'>
}

/** Puts kernels together that make the same of a VM, in the order of the first of each. */
export function groupKernels(rows: readonly KernelRow[]): KernelGroup[] {
  const groups = new Map<string, { kernels: ProfileId[]; row: KernelGroup['row'] }>()
  for (const { kernel, ...row } of rows) {
    const key = JSON.stringify(row)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { kernels: [kernel], row })
    else group.kernels.push(kernel)
  }
  return [...groups.values()]
}
