import { isProfileId, type ProfileId, profileOfKernel } from '../abi/index.ts'
import { type RandomFile, randomRecordings } from './random-cases.ts'
import { expandRecipes } from './recipe.ts'
import type { Recording, Step } from './step.ts'

/**
 * Reads a recording; undefined for JSON of another format. Early recordings put words into `op`: `its ctrl attr 9 (unknown)`,
 * `its_ctrl_init again`.
 */
export function parseRecording(json: string): Recording | undefined {
  const recording = JSON.parse(json) as Recording
  return recording.format === 'kvm-its-golden-1' ? plainRecording(recording) : undefined
}

/** Reads a file of either format: one recording, a list of them, or one for each random case. Empty for JSON of another format. */
export function parseRecordings(json: string): Recording[] {
  const file = JSON.parse(json) as Recording | RandomFile | readonly Recording[]
  if (isList(file)) return file.filter(({ format }) => format === 'kvm-its-golden-1').map(plainRecording)
  if (file.format === 'kvm-its-golden-random-1') return randomRecordings(file)
  return file.format === 'kvm-its-golden-1' ? [plainRecording(file)] : []
}

const isList = (file: unknown): file is readonly Recording[] => Array.isArray(file)

/** The profile of the kernel that answered; undefined for one of which it is not known. */
export function profileOf({ profile, kernel, kernel_version = '' }: Recording): ProfileId | undefined {
  if (profile !== undefined) return isProfileId(profile) ? profile : undefined
  const found = profileOfKernel(`${kernel} ${kernel_version}`)
  return found === undefined || found.known === 'like' || found.differs.length > 0 ? undefined : found.profile
}

function plainRecording(recording: Recording): Recording {
  return { ...recording, steps: expandRecipes(recording.steps.map(plainOp)) }
}

function plainOp(step: Step): Step {
  const control = /^(its|gic) ctrl attr (\d+)/.exec(step.op)
  if (control === null) return { ...step, op: step.op.split(' ')[0] } as Step
  return { ...step, op: `${control[1]}_ctrl_attr`, attr: Number(control[2]) } as Step
}
