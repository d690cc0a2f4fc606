import type { Step } from './step.ts'

/** A recording of one kernel: its steps in order, with its answers. */
export interface Recording {
  readonly format: 'kvm-its-golden-1'
  readonly scenario: string
  /** As `uname -r` says. */
  readonly kernel: string
  readonly steps: readonly Step[]
}

/**
 * Reads a recording; undefined for JSON of another format. Early recordings put words into `op`: `its ctrl attr 9 (unknown)`,
 * `its_ctrl_init again`.
 */
export function parseRecording(json: string): Recording | undefined {
  const recording = JSON.parse(json) as Recording
  if (recording.format !== 'kvm-its-golden-1') return undefined
  return { ...recording, steps: recording.steps.map(plainOp) }
}

function plainOp(step: Step): Step {
  const control = /^(its|gic) ctrl attr (\d+)/.exec(step.op)
  if (control === null) return { ...step, op: step.op.split(' ')[0] } as Step
  return { ...step, op: `${control[1]}_ctrl_attr`, attr: Number(control[2]) } as Step
}
