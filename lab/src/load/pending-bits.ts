import { readFileSync, writeFileSync } from 'node:fs'
import { applyEdits, bytesSource, open } from '@vits/core'
import { changedPages } from '@vits/core/formats'
import { lpiRanges, pendingBit, pendingLpis, pendingWord } from '@vits/core/tables'

/** LPIs that are pending in the tables of a save, each with the vCPU whose table has its bit. */
export async function pendingInFile(file: string): Promise<Map<number, number>> {
  const { machine, memory } = await openWithTables(file)
  return new Map(
    machine.registers.redistributors.flatMap(({ vcpuId, pendbaser }) => {
      return pendingLpis(memory, pendbaser).lpis.map((lpi): [number, number] => [lpi, vcpuId])
    }),
  )
}

/** True when a vCPU had an interrupt in hand when it was saved, or may have had: its handler looks like an interrupt that was lost. */
export async function mayBeInHandler(file: string, vcpu: number): Promise<boolean> {
  const { registers, vcpus } = await open(bytesSource(readFileSync(file)))
  const saved = vcpus[registers.redistributors.findIndex(({ vcpuId }) => vcpuId === vcpu)]
  if (saved === undefined) return true
  return saved.isHandling ?? (saved.did === 'kernel' || saved.did === 'unknown')
}

/** Writes a copy of a save in which one vCPU does not have the LPI pending: as if it had come after the tables were saved. */
export async function withoutPending(file: string, copy: string, { lpi, vcpu }: { lpi: number; vcpu: number }): Promise<void> {
  const { source, machine, memory } = await openWithTables(file)
  const bit = pendingBit(memory, machine.registers, vcpu, lpi)
  if (bit?.isSet !== true) throw new Error(`LPI ${lpi} is not pending on vCPU ${vcpu}`)
  const { at, to } = pendingWord(memory, bit, false)
  memory.setWord(at, ...to)
  const edits = (await machine.edits(changedPages(memory))).flatMap((changed) => changed.edits)
  const pieces: Uint8Array[] = []
  for await (const piece of applyEdits(source, edits)) pieces.push(piece)
  writeFileSync(copy, Buffer.concat(pieces))
}

async function openWithTables(file: string) {
  const source = bytesSource(readFileSync(file))
  const machine = await open(source)
  const memory = machine.memory()
  await machine.load(memory, lpiRanges(machine.registers))
  return { source, machine, memory }
}
