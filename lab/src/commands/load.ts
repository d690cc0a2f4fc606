import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { kernelImage } from '../cache.ts'
import { NestedHost } from '../guests/nested-host.ts'
import { hostKernel, parts } from '../guests/parts.ts'
import { loadedMachines } from '../load/machines.ts'
import { loadTableHead, loadTableRow, loadVerdict } from '../load/table.ts'
import { askAgainUnderLoad, type LoadRow, savesUnderLoad } from '../load/under-load.ts'

/**
 * Saves real guests while their disks and network cards are never idle, so that interrupts are pending, and holds what `vits check`
 * says against what becomes of each when a real KVM restores it. With --again it asks vits anew about the saves of a run, and boots
 * nothing. Exit code 1 if vits is wrong about any.
 */
export async function load(args: string[]): Promise<number> {
  const options = {
    again: { type: 'boolean' },
    only: { type: 'string', multiple: true },
    saves: { type: 'string', default: '6' },
    out: { type: 'string', default: `${parts.folder}load` },
  } as const
  const { again, only, saves, out } = parseArgs({ args, options }).values
  const names = loadedMachines.map(({ name }) => name)
  const unknown = only?.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new Error(`no ${unknown}: there is ${names.join(', ')}`)
  const chosen = loadedMachines.filter(({ name }) => only?.includes(name) ?? true)
  mkdirSync(out, { recursive: true })
  writeFileSync(`${out}/table.md`, loadTableHead)
  const rows = again === true ? askAgainUnderLoad(out) : livesUnderLoad({ chosen, saves: Number(saves), folder: out })
  let wrong = 0
  for await (const row of rows) {
    const line = loadTableRow(row)
    appendFileSync(`${out}/table.md`, line)
    process.stdout.write(line)
    if (loadVerdict(row) !== 'agrees') wrong++
  }
  return wrong === 0 ? 0 : 1
}

interface Lives {
  readonly chosen: typeof loadedMachines
  readonly saves: number
  readonly folder: string
}

async function* livesUnderLoad({ chosen, saves, folder }: Lives): AsyncGenerator<LoadRow> {
  const host = await NestedHost.boot(kernelImage(hostKernel))
  try {
    for (const machine of chosen) yield* savesUnderLoad({ host, machine, saves, folder })
  } finally {
    host.stop()
  }
}
