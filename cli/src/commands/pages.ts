import { hex } from '@vits/core/abi'
import { pagesDocument } from '@vits/core/documents'
import { type GpaRange, PAGE_BYTES } from '@vits/core/memory'
import { type PageUse, pageUses, wholePages } from '@vits/core/tables'
import { failing } from '../failure.ts'
import { withSavedMachine } from '../files/load.ts'
import { lookedAt } from '../files/looked-at.ts'
import { otherFiles } from '../options/files.ts'
import { jsonText } from '../printable.ts'
import { fit } from '../render/layout.ts'
import { count } from '../render/words.ts'
import type { pages } from '../usage/pages.ts'
import type { Run } from '../usage.ts'

/** Lists the guest RAM that KVM itself writes on a save and reads on a restore: what a snapshot tool must not lose. */
export const run: Run<typeof pages> = ([file = ''], { json, ...more }, io) =>
  failing(file, io, () =>
    withSavedMachine(file, io, { others: otherFiles(more, [file]), judges: [] }, ({ machine: { registers }, inspection }) => {
      const { memory } = inspection
      const uses = pageUses(memory, registers)
      const whole = wholePages(memory, uses)
      io.out(json ? jsonText(pagesDocument(uses, whole)) : fit(text(uses, whole, registers.itses.length), io.style))
      return lookedAt(file, inspection, io)
    }),
  )

function text(uses: readonly PageUse[], whole: readonly GpaRange[], itses: number): string {
  const lines = uses.map(({ saveWrites, restoreReads, base, bytes, what, its, deviceId, vcpuId }) => {
    const of = [
      itses > 1 && its !== undefined ? ` of ITS ${its}` : '',
      deviceId === undefined ? '' : ` of device ${hex(deviceId)}`,
      vcpuId === undefined ? '' : ` of vCPU ${vcpuId}`,
    ]
    return `${saveWrites ? 'w' : '-'}${restoreReads ? 'r' : '-'}  ${hex(base).padEnd(14)} ${`${bytes}`.padStart(8)}  ${what}${of.join('')}\n`
  })
  const bytes = whole.reduce((sum, range) => sum + range.bytes, 0)
  return `${lines.join('')}${count(bytes / PAGE_BYTES, 'page')} in ${count(whole.length, 'run')}.\n`
}
