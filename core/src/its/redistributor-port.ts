import type { Gic } from './gic.ts'
import type { PrivateInterrupts } from './private-interrupts.ts'

/** A redistributor seen from its frame: which GIC, and which vCPU's by index. */
export interface RedistributorPort {
  readonly gic: Gic
  readonly vcpu: number
}

export const privatesOf = ({ gic, vcpu }: RedistributorPort): PrivateInterrupts => gic.redistributors[vcpu]!.privates
