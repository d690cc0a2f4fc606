import { readFileSync, writeFileSync } from 'node:fs'
import { applyEdits, bytesSource, inspect, open, type SavedMachine } from '@vits/core'
import { type Gpa, type GpaRange, PAGE_BYTES } from '@vits/core/memory'

/** How BTF begins: magic, version 1, no flags, a header of 24 bytes. */
const BTF = Buffer.from('9feb010018000000', 'hex')
const ZEROS = new Uint8Array(PAGE_BYTES)

/**
 * Writes a copy of a save whose RAM holds what vits reads of it, and zeros: the tables of the ITS and of LPIs, the command queue, ITTs,
 * and what the guest's kernel has of them. Its BTF, five megabytes, is left out: its structures are read all the same.
 */
export async function blanked(file: string, copy: string): Promise<void> {
  const whole = readFileSync(file)
  const withoutBtf = await edited(whole, async (machine) => pagesOf(machine, (page) => page.includes(BTF)))
  const needed = await neededOf(withoutBtf)
  writeFileSync(copy, await edited(withoutBtf, async (machine) => pagesOf(machine, (_, at) => !needed.has(at))))
}

/** The pages that vits reads when it looks at everything. */
async function neededOf(file: Uint8Array): Promise<ReadonlySet<Gpa>> {
  const { loaded } = await inspect(await open(bytesSource(file)), { guestKernel: 'always' })
  const { itses = [], redistributors } = loaded.guestKernel ?? {}
  for (const outcome of [...itses, redistributors]) {
    if (outcome === undefined || 'missing' in outcome) {
      throw new Error(`the guest's kernel is not found without BTF: ${outcome?.missing.reason}`)
    }
  }
  return new Set([...loaded.ranges, ...(loaded.guestKernel?.read ?? [])].flatMap(pagesIn))
}

const pagesIn = ({ base, bytes }: GpaRange): Gpa[] => {
  const first = base - (base % PAGE_BYTES)
  return Array.from({ length: Math.ceil((base + bytes - first) / PAGE_BYTES) }, (_, page) => (first + page * PAGE_BYTES) as Gpa)
}

/** The file with some of its pages of RAM blank. */
async function edited(file: Uint8Array, blank: (machine: SavedMachine) => Promise<readonly Gpa[]>): Promise<Uint8Array> {
  const source = bytesSource(file)
  const machine = await open(source)
  const edits = await machine.edits(new Map((await blank(machine)).map((at) => [at, ZEROS])))
  const pieces: Uint8Array[] = []
  for await (const piece of applyEdits(
    source,
    edits.flatMap((changed) => changed.edits),
  ))
    pieces.push(piece)
  return Buffer.concat(pieces)
}

/** Pages of RAM that hold something, and are picked. */
async function pagesOf(machine: SavedMachine, picks: (page: Buffer, at: Gpa) => boolean): Promise<readonly Gpa[]> {
  const memory = machine.memory()
  await machine.load(memory, machine.ranges)
  return machine.ranges.flatMap(pagesIn).filter((at) => {
    const page = Buffer.from(memory.read(at, PAGE_BYTES))
    return !page.equals(ZEROS) && picks(page, at)
  })
}
