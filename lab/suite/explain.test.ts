import { type ProfileId, profiles, type QuirkName } from '@vits/core/abi'
import { ModelSubject, type Step } from '@vits/core/conformance'
import { describe, expect, it } from 'vitest'
import type { Answered } from '../src/fuzz/answered.ts'
import { explain, turnedOver, untold } from '../src/fuzz/explain.ts'
import { questions } from '../src/fuzz/questions.ts'
import { modelled } from '../src/fuzz/side-by-side.ts'

const asked = questions(3, 1)

/** A kernel that nobody knows: the answers of a profile whose quirks were turned over, up to where its host dies. */
function unknownKernel(profile: ProfileId, ...turned: readonly QuirkName[]): Answered[] {
  const { quirks } = profiles[profile]
  const set = { ...quirks, ...Object.fromEntries(turned.map((name) => [name, !quirks[name]])) }
  return asked.map((question) => {
    const { steps, answers } = modelled(new ModelSubject(profile, set), question)
    return steps.map((step, index) => ({ ...step, ...answers[index] }) as Step)
  })
}

const known = unknownKernel('linux-6.12.117')

describe('an unknown kernel', () => {
  it('is a profile, when one answers as it does', () => {
    const found = explain(known)
    expect([found.profile, turnedOver(found), found.unexplained]).toEqual(['linux-6.12.117', [], []])
  })

  it('is a profile with the quirks turned over that its answers ask for, and no others', () => {
    const found = explain(unknownKernel('linux-6.12.117', 'mapti-itt-unchecked', 'keeps-unmapped'))
    expect(found.unexplained).toEqual([])
    expect([found.profile, turnedOver(found)]).toEqual(['linux-6.12.117', ['mapti-itt-unchecked', 'keeps-unmapped']])
  })

  it('has what is known of it without asking', () => {
    const found = explain(unknownKernel('linux-6.12.117', 'null-collection-oops'), 'linux-6.12.117', {
      'null-collection-oops': true,
    })
    expect([found.profile, turnedOver(found)]).toEqual(['linux-6.12.117', ['null-collection-oops']])
  })

  it('is not made to fit: what no quirk explains stays unexplained', () => {
    const [first, ...rest] = known
    const odd = first!.map((step) => (step.op === 'its_write' ? { ...step, rc: 'EPERM' } : step))
    const histories = [odd, ...rest]
    expect(explain(histories).unexplained).toEqual([odd])
  })

  it('leaves open what nothing asks for', () => {
    const silent = untold(known, explain(known))
    expect(silent).toContain('no-gicv41-save')
    expect(silent).not.toContain('next-names-zero-ite')
  })
})
