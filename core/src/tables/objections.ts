import type { Errno } from '../memory/index.ts'

/** One reason for which RESTORE_TABLES fails. */
export interface ObjectionRow {
  readonly errno: Errno
  /** The entry that is to blame. */
  readonly what: 'CTE' | 'L1E' | 'DTE' | 'ITE' | 'LPI table'
  readonly says: string
}

/** Every reason for which KVM refuses to restore, in the order in which an entry is asked. */
export const objections = {
  'cte-unreadable': { errno: 'EFAULT', what: 'CTE', says: 'the collection table entry is not in guest RAM' },
  'cte-target': { errno: 'EINVAL', what: 'CTE', says: 'RDbase names no vCPU' },
  'cte-duplicate': { errno: 'EEXIST', what: 'CTE', says: 'the ICID is known already' },
  'cte-unstorable': { errno: 'EINVAL', what: 'CTE', says: 'the ICID is past the collection table' },
  'l1e-unreadable': { errno: 'EFAULT', what: 'L1E', says: 'the first-level entry is not in guest RAM' },
  'dte-unreadable': { errno: 'EFAULT', what: 'DTE', says: 'the device table entry is not in guest RAM' },
  'dte-size': { errno: 'EINVAL', what: 'DTE', says: 'the device has more than 16 EventID bits' },
  'dte-unstorable': { errno: 'EINVAL', what: 'DTE', says: 'the DeviceID has more than 16 bits' },
  'head-overflow': {
    errno: 'EINVAL',
    what: 'DTE',
    says: 'the jump of a dummy head overflows an int: a negative answer, no errno',
  },
  'no-last-dte': { errno: 'EINVAL', what: 'DTE', says: 'no entry of the device table is marked as the last' },
  'ite-unreadable': { errno: 'EFAULT', what: 'ITE', says: 'the ITT entry is not in guest RAM' },
  'ite-pintid': { errno: 'EINVAL', what: 'ITE', says: 'the pINTID is below the first LPI, 8192' },
  'ite-next': { errno: 'EINVAL', what: 'ITE', says: 'next points past the ITT' },
  'ite-icid': { errno: 'EINVAL', what: 'ITE', says: 'the ICID has no collection' },
  'lpi-configuration': { errno: 'EFAULT', what: 'LPI table', says: 'the configuration byte of the LPI is not in guest RAM' },
  'lpi-pending': { errno: 'EFAULT', what: 'LPI table', says: 'the pending bit of the LPI is not in guest RAM' },
} as const satisfies Record<string, ObjectionRow>

export type ObjectionName = keyof typeof objections
