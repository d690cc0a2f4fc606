import type { Command } from '../command.ts'
import { check } from './check.ts'
import { conform } from './conform.ts'
import { demoOrphan } from './demo.ts'
import { diff } from './diff.ts'
import { explain } from './explain.ts'
import { extract } from './extract.ts'
import { kernels } from './kernels.ts'
import { pages } from './pages.ts'
import { prove } from './prove.ts'
import { repair } from './repair.ts'
import { selftest } from './selftest.ts'
import { selftestVlpi } from './selftest-vlpi.ts'
import { show } from './show.ts'
import { undo } from './undo.ts'

/** Every command, in the order `vits --help` lists them. */
export const commands: readonly Command[] = [
  check,
  repair,
  undo,
  show,
  diff,
  extract,
  pages,
  explain,
  kernels,
  conform,
  prove,
  selftest,
  selftestVlpi,
  demoOrphan,
]
