import { type AuditInput, setScene } from '../../audit/index.ts'
import { type ItsPlan, planRepair, type RepairOptions, type RepairPlan } from '../index.ts'

/** The plan for a VM with one ITS. */
export function planOne(input: AuditInput, options: RepairOptions): RepairPlan & ItsPlan {
  const plan = planRepair([setScene(input)], options)
  return { ...plan, ...plan.itses[0] }
}
