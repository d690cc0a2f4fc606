import { open, type SavedMachine } from '@vits/core'
import { encodeCommand, FIRST_LPI, GICR_CTLR, GITS, type GicRegisters, VIRT_ITS } from '@vits/core/abi'
import { registersDocument } from '@vits/core/documents'
import { bytesSource, writeCase } from '@vits/core/formats'
import { inspect } from '@vits/core/inspect'
import { itsFrame } from '@vits/core/its'
import type { Gpa } from '@vits/core/memory'
import { type HistoryStep, type Scope, ScopeVm } from '@vits/core/scope'
import { wholePages } from '@vits/core/tables'

const BASERS = 8
/** An LPI that its driver has enabled, and one that it has not, as Linux writes them. */
const [ENABLED, DISABLED] = [0xa3, 0xa2]

/**
 * The bytes of a case that holds a scope's VM after a history, saved in the way of the scope: its tables, the command queue, and of the LPIs
 * those enabled that are mapped.
 *
 * @throws Error when the save is refused.
 */
export async function scopeCase(scope: Scope, history: readonly HistoryStep[]): Promise<Uint8Array> {
  const vm = new ScopeVm(scope)
  const lives = history.findLastIndex(({ does }) => does === 'reset') + 1
  vm.play(history.slice(0, lives))
  // A guest that boots zeroes its queue.
  vm.memory.fill(vm.ram.queue, vm.its.queue.bytes)
  vm.play(withCollectionFirst(scope, history.slice(lives)))
  configureLpis(vm)
  const saved = vm.save()
  if (!saved.ok) throw new Error(`the save is refused: ${saved.errno}, ${saved.reason}`)
  const machine = await machineOf(vm)
  const { loaded } = await inspect(machine)
  return writeCase(machine, loaded.memory, wholePages(loaded.memory, loaded.ranges))
}

/** A guest begins with MAPC, and no witness believes a queue that begins otherwise: in one that does, a collection comes and goes first. */
function withCollectionFirst(scope: Scope, history: readonly HistoryStep[]): readonly HistoryStep[] {
  const first = history.find(({ commands }) => commands.length > 0)
  if (first?.operation === 'MAPC') return history
  const commands = [true, false].map((valid) => encodeCommand('MAPC', { icid: scope.collections, rdBase: 0, valid }))
  const comesAndGoes = { operation: 'MAPC', says: 'a collection comes and goes', does: 'commands', writes: [], commands } as const
  return [comesAndGoes, ...history]
}

function configureLpis({ scope, ram, its, memory }: ScopeVm): void {
  const { devices, events, gic } = its
  const mapped = new Set<number>()
  for (let slot = devices.first(); slot >= 0; slot = devices.after(slot)) {
    for (let eventId = 0; eventId < scope.events; eventId++) {
      const index = events.find(slot, eventId)
      if (index >= 0) mapped.add(gic.lpis.intid(events.lpi(index)))
    }
  }
  for (let n = 0; n < scope.lpis; n++) {
    memory.setU8((ram.configuration + n) as Gpa, mapped.has(FIRST_LPI + n) ? ENABLED : DISABLED)
  }
}

/** The machine as a VMM would have saved it of which vits knows nothing. */
function machineOf(vm: ScopeVm): Promise<SavedMachine> {
  const { ranges } = vm.memory
  const document = registersDocument({ machine: 'a scope', registers: registersOf(vm), ranges, msi: [] })
  const ram = Uint8Array.from(Buffer.concat(ranges.map(({ base, bytes }) => vm.memory.read(base, bytes))))
  return open([
    { name: 'registers.json', source: bytesSource(new TextEncoder().encode(JSON.stringify(document))) },
    { name: 'ram', source: bytesSource(ram), part: 'memory' },
  ])
}

function registersOf({ its, scope }: ScopeVm): GicRegisters {
  const read = (offset: number, bytes: 4 | 8) => itsFrame.save(its, offset, bytes)
  return {
    itses: [
      {
        base: VIRT_ITS,
        ctlr: Number(read(GITS.CTLR, 4)),
        iidr: Number(read(GITS.IIDR, 4)),
        cbaser: read(GITS.CBASER, 8),
        cwriter: read(GITS.CWRITER, 8),
        creadr: read(GITS.CREADR, 8),
        baser: Array.from({ length: BASERS }, (_, n) => read(GITS.BASER0 + 8 * n, 8)),
      },
    ],
    redistributors: Array.from({ length: scope.vcpus }, (_, vcpuId) => ({
      vcpuId,
      ctlr: Number(GICR_CTLR.pack({ enableLpis: true })),
      propbaser: its.gic.propbaser,
      pendbaser: its.gic.redistributors[vcpuId]!.pendbaser,
    })),
  }
}
