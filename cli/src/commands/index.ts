import type { Command } from '../command.ts'
import { check } from '../usage/check.ts'
import { conform } from '../usage/conform.ts'
import { demoOrphan } from '../usage/demo.ts'
import { diff } from '../usage/diff.ts'
import { explain } from '../usage/explain.ts'
import { extract } from '../usage/extract.ts'
import { kernels } from '../usage/kernels.ts'
import { lint } from '../usage/lint.ts'
import { pages } from '../usage/pages.ts'
import { prove } from '../usage/prove.ts'
import { repair } from '../usage/repair.ts'
import { selftest } from '../usage/selftest.ts'
import { selftestHeads } from '../usage/selftest-heads.ts'
import { selftestVlpi } from '../usage/selftest-vlpi.ts'
import { show } from '../usage/show.ts'
import { undo } from '../usage/undo.ts'
import type { Run, Usage } from '../usage.ts'

/** Every command, in the order `vits --help` lists them. */
export const commands: readonly Command[] = [
  command(check, () => import('./check.ts')),
  command(repair, () => import('./repair.ts')),
  command(undo, () => import('./undo.ts')),
  command(show, () => import('./show.ts')),
  command(diff, () => import('./diff.ts')),
  command(extract, () => import('./extract.ts')),
  command(pages, () => import('./pages.ts')),
  command(lint, () => import('./lint.ts')),
  command(explain, () => import('./explain.ts')),
  command(kernels, () => import('./kernels.ts')),
  command(conform, () => import('./conform.ts')),
  command(prove, () => import('./prove.ts')),
  command(selftest, () => import('./selftest.ts')),
  command(selftestHeads, () => import('./selftest-heads.ts')),
  command(selftestVlpi, () => import('./selftest-vlpi.ts')),
  command(demoOrphan, () => import('./demo.ts')),
]

/** The types of a command's options are known here, and by none who runs it. */
function command<U extends Usage>(usage: U, load: () => Promise<{ readonly run: Run<U> }>): Command {
  return { usage, load: load as Command['load'] }
}
