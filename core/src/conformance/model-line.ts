import type { KvmDevice, KvmGic, KvmIts, KvmVm } from '../kvm/index.ts'
import { gpa } from '../memory/index.ts'
import { fnv1a } from './hex.ts'
import type { StepAnswer } from './step.ts'

/** What raw lines of the lab can change. */
export interface ModelState {
  vm: KvmVm | undefined
  gic: KvmGic | undefined
  /** The ITS created last. */
  its: KvmIts | undefined
}

type Line = (state: ModelState, vm: KvmVm, words: readonly string[]) => StepAnswer | undefined

/** The lines of the lab's agent that recordings use, by verb. Numbers are hex digits. */
const lines: Readonly<Record<string, Line>> = {
  its: (state, vm) => {
    state.its = vm.createIts()
    return done
  },
  mem: (_state, vm, [slot, base, size]) => {
    vm.setMemory(number(slot), gpa(number(base)), number(size))
    return done
  },
  set: (state, _vm, [device, group, attr, value = '0']) => {
    const outcome = deviceOf(state, device)?.setAttr(number(group), wide(attr), wide(value))
    return outcome && { rc: outcome.ok ? String(outcome.value) : outcome.errno }
  },
  get: (state, _vm, [device, group, attr]) => {
    const outcome = deviceOf(state, device)?.getAttr(number(group), wide(attr))
    return outcome?.ok ? { rc: '0', data: outcome.value.toString(16) } : outcome && { rc: outcome.errno }
  },
  has: (state, _vm, [device, group, attr]) => {
    const outcome = deviceOf(state, device)?.hasAttr(number(group), wide(attr))
    return outcome && { rc: outcome.ok ? '0' : outcome.errno }
  },
  sum: (_state, vm, [at, bytes]) => ({ rc: '0', data: fnv1a(vm.memory.read(gpa(number(at)), number(bytes))) }),
  /** Sets a register of a vCPU: nothing of that is modelled, and nothing of it can fail. */
  sreg: () => done,
  /** A vCPU enters KVM_RUN in a thread, and leaves it. */
  spin: (_state, vm, [vcpu]) => {
    vm.vcpus[number(vcpu)]!.running = true
    return done
  },
  join: (_state, vm) => {
    for (const vcpu of vm.vcpus) vcpu.running = false
    return done
  },
}

/** Plays a line of the lab's agent; undefined for one that the model does not know. */
export function playLine(state: ModelState, line: string): StepAnswer | undefined {
  const [verb = '', ...words] = line.split(' ')
  return state.vm === undefined ? undefined : lines[verb]?.(state, state.vm, words)
}

const done: StepAnswer = { rc: '0' }

const wide = (digits = '0') => BigInt(`0x${digits}`)
const number = (digits = '0') => Number.parseInt(digits, 16)
const deviceOf = ({ gic, its }: ModelState, name = ''): KvmDevice | undefined => ({ g: gic, i: its })[name]
