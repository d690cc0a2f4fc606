import type { Usage } from '../usage.ts'
import { check } from './check.ts'
import { completion } from './completion.ts'
import { conform } from './conform.ts'
import { demoOrphan } from './demo.ts'
import { diff } from './diff.ts'
import { explain } from './explain.ts'
import { explore } from './explore.ts'
import { extract } from './extract.ts'
import { formats } from './formats.ts'
import { kernels } from './kernels.ts'
import { lint } from './lint.ts'
import { live } from './live.ts'
import { pages } from './pages.ts'
import { prove } from './prove.ts'
import { repair } from './repair.ts'
import { selftest } from './selftest.ts'
import { selftestHeads } from './selftest-heads.ts'
import { selftestVlpi } from './selftest-vlpi.ts'
import { show } from './show.ts'
import { undo } from './undo.ts'

/** Every command, in the order `vits --help` lists them. */
export const usages: readonly Usage[] = [
  check,
  repair,
  undo,
  show,
  diff,
  explore,
  extract,
  pages,
  live,
  lint,
  explain,
  kernels,
  formats,
  conform,
  prove,
  selftest,
  selftestHeads,
  selftestVlpi,
  demoOrphan,
  completion,
]
