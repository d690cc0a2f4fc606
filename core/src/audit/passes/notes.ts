import { GITS_CTLR, itsCount } from '../../abi/index.ts'
import { declared, type Suspect, suspect } from '../finding.ts'
import type { Scene } from '../scene.ts'

/** What bounds this report though everything was looked at: a history that is not whole, witnesses that disagree, other ITSes. */
export function* notePass(scene: Scene): Generator<Suspect> {
  const { state, commands, pending, unknown } = scene.beliefs.history
  const { enabled } = GITS_CTLR.decode(scene.saved.ctlr, 0)
  if (pending > 0) yield suspect('Q601', { pending }, NOTE)
  const matters = enabled && (state !== 'empty' || scene.tables.mappings.devices.length > 0)
  if (state !== 'whole' && !scene.beliefs.isWhole && (matters || commands > 0)) yield suspect('Q603', { state, commands }, NOTE)
  if (unknown > 0) yield suspect('Q604', { unknown }, NOTE)
  const { disputed } = scene.beliefs
  const [first] = disputed
  if (first !== undefined) yield suspect('Q605', { disputed: disputed.length, first }, NOTE)
  const count = itsCount(scene.registers)
  if (count > scene.vm.length) yield suspect('M701', { count, looked: scene.vm.map(({ its }) => its.index) }, NOTE)
}

const NOTE = { effect: declared('note') }
