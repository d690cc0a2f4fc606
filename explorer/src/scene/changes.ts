import { audit, type Change, type Scene, type Viewpoint, viewDifferences, viewFrom } from '@vits/core/audit'

/** What is different in a later save of the same VM. */
export interface Changes {
  readonly views: Readonly<Record<Viewpoint, readonly Change[]>>
  /** Devices that the guest has unmapped in between and that are still valid in RAM. */
  readonly orphaned: readonly number[]
}

/** Changes that are listed of one viewpoint. */
const MOST_CHANGES = 2000

/** How two saves differ: what the guest did, what lies in RAM, what a restore brings back. */
export function changesBetween(before: Scene, after: Scene): Changes {
  const view = (name: Viewpoint) => viewDifferences(viewFrom(before, name), viewFrom(after, name)).slice(0, MOST_CHANGES)
  const was = new Set(audit(before).orphans.devices)
  return {
    views: { guest: view('guest'), tables: view('tables'), restored: view('restored') },
    orphaned: audit(after).orphans.devices.filter((deviceId) => !was.has(deviceId)),
  }
}
