import { describe, expect, it } from 'vitest'
import { type ProblemCode, problems } from '../audit/index.ts'
import { problemCases } from '../audit/testing/problem-cases/index.ts'
import { planOne } from './testing/plan-one.ts'

/** What no word of guest RAM can mend. */
const beyondTables: Partial<Record<ProblemCode, string>> = {
  R101: 'a register',
  R102: 'a register',
  R103: 'a register',
  R104: 'a register',
  R105: 'a register',
  R106: 'a register that no witness knows',
  C104: 'memory the VM does not have',
  D201: 'memory the VM does not have',
  D210: 'memory the VM does not have',
  L401: 'memory the VM does not have',
  L402: 'memory the VM does not have',
  C107: 'the next save',
  D214: 'a kernel that knows no empty table',
  D215: 'a witness that knows which device is live',
  I312: 'a witness that knows which event is live',
  L403: 'harmless',
  L405: 'a register',
  L406: 'the guest decides',
  N803: 'known to the VMM alone, which let it go on',
  Q601: 'harmless',
  Q602: 'memory the VM does not have',
  Q603: 'harmless',
  Q604: 'harmless',
  Q605: 'harmless',
  M701: 'not looked at',
  M702: 'harmless here: the page is blank and should be',
  M705: 'not looked at',
}

const everything = { allow: 'everything', strict: true, seal: true } as const

describe('every problem of the catalogue', () => {
  const mendable = problemCases.filter(({ code }) => !(code in beyondTables))
  it.each(mendable.map((one) => [one.code, problems[one.code].slug, one] as const))(
    'is mended, and then clean: %s %s',
    (code, _slug, { vm }) => {
      const input = vm().input()
      const plan = planOne(input, everything)
      expect(plan.before.findings.map((finding) => finding.code)).toContain(code)
      expect([plan.after.verdict, plan.after.findings.map((finding) => finding.code)]).toEqual(['restores', []])
      expect([plan.obstacles, plan.lost, plan.lostDevices]).toEqual([[], [], []])
      const again = planOne({ ...input, memory: plan.memory, registers: plan.registers }, everything)
      expect([again.writes, again.registerWrites]).toEqual([[], []])
    },
  )

  const beyond = problemCases.filter(({ code }) => code in beyondTables)
  it.each(beyond.map((one) => [one.code, problems[one.code].slug, one] as const))(
    'is not said to be mended when it is not: %s %s',
    (code, _slug, { vm }) => {
      const { before, after, obstacles, writes } = planOne(vm().input(), everything)
      expect(before.findings.map((finding) => finding.code)).toContain(code)
      expect(after.verdict === 'restores' || obstacles.length > 0 || writes.length === 0).toBe(true)
    },
  )
})
