import { GITS_TRANSLATER, hex, KVM_MSI_VALID_DEVID, VIRT_ITS } from '@vits/core/abi'
import type { RestorePlan, Step, StepAnswer } from '@vits/core/conformance'
import type { Gpa } from '@vits/core/memory'
import type { PlayedGuest } from '../../../core/src/conformance/testing/guests/played-guest.ts'

type Events = readonly (readonly [deviceId: number, eventId: number])[]

/** Enables the ITS, which executes what waits, and sends the MSIs of events. */
export function signalSteps(events: Events): Step[] {
  const address = hex(VIRT_ITS + GITS_TRANSLATER)
  const signals = events.map(([deviceId, eventId]): Step => {
    return { op: 'signal_msi', address, devid: hex(deviceId), eventid: hex(eventId), flags: KVM_MSI_VALID_DEVID }
  })
  return events.length > 0 ? [{ op: 'its_write', reg: 'GITS_CTLR', value: '0x1' }, ...signals] : []
}

/** MSIs that did not arrive, of those that `signalSteps` sent. */
export const unheard = (steps: readonly Step[], answers: readonly StepAnswer[]): number =>
  steps.filter(({ op }, index) => op === 'signal_msi' && answers[index]!['rc'] !== '1').length

/** Saves what KVM has, and nothing else, into cleared tables: a plan whose answers are read as those of a restore are. */
export function saveAnew({ tables }: PlayedGuest, state: RestorePlan['state']): RestorePlan {
  const written = tables.filter(({ what }) => what !== 'first level')
  const ranges = written.map(({ what, base, bytes }) => ({ what, gpa: hex(base), len: hex(bytes) }))
  const before = ranges.map(({ gpa, len }): Step => ({ op: 'mem_zero', gpa, len }))
  const dumps = ranges.map((range): Step => ({ op: 'mem_dump', ...range }))
  const save = before.length
  const dumped = written.map(({ base, bytes }, n) => ({ range: { base: base as Gpa, bytes }, dump: save + 1 + n }))
  return { state, steps: [...before, { op: 'its_save_tables' }, ...dumps], itses: [{ restore: save, tables: dumped }] }
}
