import type { GicRegisters } from '../abi/index.ts'
import type { Gpa, ReadonlyMemory } from '../memory/index.ts'
import { type AuditInput, Scene } from './scene.ts'
import { withBlanks } from './unlocated.ts'

/** The scene of the one ITS that the input names. */
export function setScene(input: AuditInput): Scene {
  const vm: Scene[] = []
  vm.push(new Scene(withBlanks(input), vm))
  return vm[0]!
}

/** The scenes of all ITSes of a VM, which know of each other: LPIs are the whole VM's. */
export function setScenes(input: AuditInput): readonly Scene[] {
  const vm: Scene[] = []
  const seen = withBlanks(input)
  for (const its of seen.registers.itses.keys()) vm.push(new Scene({ ...seen, its }, vm))
  return vm
}

/** The same ITSes over guest RAM in which the words at `written` are changed, and over the registers of the VM if those change. */
export function scenesOver(
  scenes: readonly Scene[],
  memory: ReadonlyMemory,
  written: readonly Gpa[],
  registers?: GicRegisters,
): readonly Scene[] {
  const vm: Scene[] = []
  for (const scene of scenes) vm.push(scene.over(memory, written, vm, registers))
  return vm
}

/** The same ITSes as somebody sees them who opens a file with their tables: these decide which commands of the queue are believed. */
export function scenesReopened(scenes: readonly Scene[]): readonly Scene[] {
  const vm: Scene[] = []
  for (const scene of scenes) vm.push(scene.reopened(vm))
  return vm
}
