import {
  GICR_CTLR,
  GITS_CREADR,
  GITS_CTLR,
  GITS_CWRITER,
  GITS_IIDR,
  type ItsRegisters,
  type Quirks,
  queueShape,
  tableShape,
} from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { declared, type Suspect, suspect } from '../finding.ts'
import type { Scene } from '../scene.ts'
import { redistributorPass } from './redistributors.ts'

/** What the registers alone do to a restore: KVM judges them before it reads a table. */
export function* registerPass(scene: Scene, quirks: Quirks = scene.profile.quirks): Generator<Suspect> {
  const its = scene.saved
  const { revision } = GITS_IIDR.decode(its.iidr, 0)
  if (revision > 0) yield suspect('R101', { revision }, { effect: declared('fails', 'EINVAL') })
  const { bytes, valid, base } = queueShape(its.cbaser)
  const creadr = GITS_CREADR.unpack(its.creadr).offset
  const cwriter = GITS_CWRITER.unpack(its.cwriter).offset
  if (valid && creadr >= bytes) yield suspect('R102', { creadr, bytes }, { effect: declared('fails', 'EINVAL') })
  if (valid && cwriter >= bytes) yield suspect('R103', { cwriter, bytes }, { effect: declared('corrupts') })
  const missing = invalidTables(its)
  if (GITS_CTLR.decode(its.ctlr, 0).enabled && missing.length > 0) {
    yield suspect('R104', { missing }, { effect: declared(quirks['enable-unchecked'] ? 'latent' : 'corrupts') })
  }
  if (valid && !scene.memory.contains(base as Gpa, bytes)) yield suspect('Q602', { base, bytes }, { effect: declared('latent') })
  yield* deafRedistributors(scene)
  yield* redistributorPass(scene)
}

function invalidTables(its: ItsRegisters): string[] {
  const tables = [
    ['GITS_BASER0', tableShape(its.baser[0] ?? 0n).valid],
    ['GITS_BASER1', tableShape(its.baser[1] ?? 0n).valid],
    ['GITS_CBASER', queueShape(its.cbaser).valid],
  ] as const
  return tables.filter(([, valid]) => !valid).map(([name]) => name)
}

function* deafRedistributors({ registers, tables: { mappings }, beliefs }: Scene): Generator<Suspect> {
  const deaf = new Map<number, number>()
  for (const { vcpuId, ctlr } of registers.redistributors) if (!GICR_CTLR.decode(ctlr, 0).enableLpis) deaf.set(vcpuId, 0)
  if (deaf.size === 0) return
  for (const { deviceId, first, count } of mappings.devices) {
    for (let row = first; row < first + count; row++) {
      const target = mappings.collections.get(mappings.events.icid[row]!)
      const events = target === undefined ? undefined : deaf.get(target)
      if (events === undefined || beliefs.eventBelief(deviceId, mappings.events.eventId[row]!) !== 'live') continue
      deaf.set(target!, events + 1)
    }
  }
  for (const [vcpuId, events] of deaf) if (events > 0) yield suspect('R105', { vcpuId, events }, { effect: declared('latent') })
}
