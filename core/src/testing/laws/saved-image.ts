import { FIRST_LPI, GICR_CTLR, GITS_CTLR, type ProfileId, profiles, VIRT_ITS } from '../../abi/index.ts'
import type { AuditInput } from '../../audit/index.ts'
import { COLLECTION_BASER, DEVICE_BASER } from '../../its/index.ts'
import type { Gpa, GuestMemory } from '../../memory/index.ts'
import { type HistoryStep, type ImageVisit, type Scope, scopeRam } from '../../scope/index.ts'
import { type Mapped, mappedBy } from './mapped.ts'
import { type Queue, queueRegisters, writeQueue } from './queues.ts'

/** A priority, and whether it is enabled: as Linux writes it while an event has the LPI, and after. */
const configured = { enabled: 0xa1, disabled: 0xa0 } as const

/** A saved VM of a scope, and what its guest has mapped in truth. */
export interface SavedImage {
  readonly scope: Scope
  /** With the tables as they were saved. */
  readonly memory: GuestMemory
  readonly truth: Mapped
  readonly history: readonly HistoryStep[]
  readonly registers: AuditInput['registers']
}

/** What was saved, with one history that leads there. */
export function savedImage(scope: Scope, visit: Pick<ImageVisit, 'history' | 'its' | 'memory'>): SavedImage {
  // Called first: it brings what is visited to the names of the history.
  const history = visit.history()
  const { its, memory } = visit
  const { deviceIds, events } = scope
  const { gic } = its
  return {
    scope,
    memory,
    truth: mappedBy(its, deviceIds, events),
    history,
    registers: {
      itses: [
        {
          base: VIRT_ITS,
          ctlr: Number(GITS_CTLR.pack({ enabled: true, quiescent: true })),
          iidr: 0x4b00_043b,
          cbaser: 0n,
          creadr: 0n,
          cwriter: 0n,
          baser: [its.baser(DEVICE_BASER), its.baser(COLLECTION_BASER), ...new Array<bigint>(6).fill(0n)],
        },
      ],
      redistributors: gic.redistributors.map(({ vcpuId, pendbaser }) => ({
        vcpuId,
        ctlr: Number(GICR_CTLR.pack({ enableLpis: true })),
        propbaser: gic.propbaser,
        pendbaser,
      })),
    },
  }
}

/** As a file would hold it whose command queue still tells so much. */
export function inputOf({ scope, memory, truth, registers }: SavedImage, queue: Queue, kernel: ProfileId): AuditInput {
  const ram = scopeRam(scope)
  const fork = memory.fork()
  writeQueue(fork, ram.queue, queue)
  const used = new Set(
    [...truth.devices.values()].flatMap(({ events }) => [...events.values()].map((target) => target.split(' ')[1])),
  )
  for (let lpi = FIRST_LPI; lpi < FIRST_LPI + scope.lpis; lpi++) {
    const byte = used.has(`${lpi}`) ? configured.enabled : configured.disabled
    fork.setU8((ram.configuration + lpi - FIRST_LPI) as Gpa, byte)
  }
  const [its] = registers.itses
  return {
    memory: fork,
    registers: { ...registers, itses: [{ ...its!, ...queueRegisters(ram.queue, queue) }] },
    profile: profiles[kernel],
  }
}
