import { disassemble, type GicRegisters, ID_LIMIT, type MsiFunction, type Profile, type Quirks, savedIts } from '../abi/index.ts'
import type { Gpa, ReadonlyMemory } from '../memory/index.ts'
import { type TableView, tableView } from '../tables/index.ts'
import { Beliefs, type Witnesses } from './beliefs.ts'
import type { Confidence, Evidence } from './finding.ts'
import { readHistory } from './history.ts'
import { deviceName, eventName } from './names.ts'
import { type Restored, simulateRestore, sweep, type Tables } from './simulate.ts'

/** What an audit looks at. Every page that a restore reads must be loaded. */
export interface AuditInput {
  readonly memory: ReadonlyMemory
  readonly registers: GicRegisters
  /** Index of the ITS that is looked at; the first when not told. */
  readonly its?: number
  readonly msi?: readonly MsiFunction[]
  /** Pages of the tables that the file holds no record of. */
  readonly missing?: readonly Gpa[]
  /** The kernel that restores; the newest when not named. */
  readonly profile?: Profile
}

/** The three views of one ITS: what lies in its tables, what a restore makes of them, what the guest has mapped. */
export interface Scene {
  readonly input: AuditInput
  readonly memory: ReadonlyMemory
  readonly view: TableView
  readonly quirks: Quirks
  readonly tables: Tables
  readonly restored: Restored
  readonly beliefs: Beliefs
  /** Mappings about which two witnesses disagree; with one of them, nothing is called proven. */
  readonly disputed: readonly string[]
}

export function setScene(input: AuditInput, quirks: Quirks): Scene {
  const { memory, registers, its, msi } = input
  const view = tableView(registers, its)
  const beliefs = new Beliefs(readHistory(memory, savedIts(registers, its)), msi)
  return {
    input,
    memory,
    view,
    quirks,
    tables: sweep(memory, view),
    restored: simulateRestore(memory, view, quirks),
    beliefs,
    disputed: disputes(beliefs),
  }
}

function disputes(beliefs: Beliefs): string[] {
  const found: string[] = []
  for (const deviceId of beliefs.deviceIds) {
    if (beliefs.device(deviceId).belief === 'disputed') found.push(deviceName(deviceId))
    for (const eventId of beliefs.eventIds(deviceId)) {
      if (beliefs.eventBelief(deviceId, eventId) === 'disputed') found.push(eventName(deviceId, eventId))
    }
  }
  return found
}

/** What a witness proves, unless witnesses disagree anywhere. */
export const confidence = ({ disputed }: Scene): Confidence => (disputed.length === 0 ? 'proven' : 'inferred')

/** A number for an event that no other event has. */
export const eventKey = (deviceId: number, eventId: number): number => deviceId * ID_LIMIT + eventId

/** What each witness says about a mapping, in words. */
export function testimonies(
  scene: Scene,
  { queue, at, pci }: Witnesses,
  whole: string,
  expected: 'mapped' | 'unmapped',
): Evidence[] {
  const evidence: Evidence[] = []
  if (queue !== 'silent') {
    const says = at === undefined ? `whole, and ${whole}` : disassemble(scene.memory, at)
    evidence.push({ witness: 'command queue', says, at, ...(queue === expected ? {} : { against: true }) })
  }
  if (pci !== 'silent') {
    const says = pci === 'mapped' ? 'a vector of the function is set to it' : 'no vector of the function is set to it'
    evidence.push({ witness: 'PCI state', says, at: undefined, ...(pci === expected ? {} : { against: true }) })
  }
  return evidence
}
