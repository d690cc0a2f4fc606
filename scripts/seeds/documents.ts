import { fixesAndReset } from './fixes-and-reset.ts'
import { gicv4Pending } from './gicv4-pending.ts'
import { kernelNames } from './kernel-names.ts'
import { orphansAndHeads } from './orphans-and-heads.ts'
import { saveAndRestore } from './save-and-restore.ts'
import type { SeedDocument } from './seed-row.ts'
import { twoLevelTables } from './two-level-tables.ts'

/** The mails that vits began with, and what is claimed in them. */
export const seedDocuments: readonly SeedDocument[] = [
  orphansAndHeads,
  fixesAndReset,
  saveAndRestore,
  twoLevelTables,
  gicv4Pending,
  kernelNames,
]
