import fc from 'fast-check'
import { expect, it } from 'vitest'
import { DirectVm } from '../../conformance/vlpi/testing/direct-vm.ts'

const VCPUS = 3
const EVENTS = 8
/** Two devices, on two ITSes where there are two. */
const VECTORS = 4

const event = fc.nat(EVENTS - 1)
const vcpu = fc.nat(VCPUS - 1)
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ does: fc.constant('msi' as const), event }) },
    { weight: 3, arbitrary: fc.record({ does: fc.constant('take' as const), vcpu }) },
    { weight: 3, arbitrary: fc.record({ does: fc.constant('load' as const), vcpu, processor: fc.nat(3) }) },
    { weight: 3, arbitrary: fc.record({ does: fc.constant('put' as const), vcpu, blocks: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('movi' as const), event, vcpu }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('forward' as const), event }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('unforward' as const), event }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('clear' as const), event }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('sgi' as const), vcpu, sgi: fc.nat(15), pending: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('sgis' as const), inHardware: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('save' as const) }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('migrate' as const) }) },
  ),
  { minLength: 30, maxLength: 90, size: 'max' },
)
type Step = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never

/** A VM beside the plain set of interrupts that must be pending, and a mask of SGIs for each vCPU. */
class Checked {
  vm: DirectVm
  readonly expected = new Set<number>()
  readonly expectedSgis = new Array<number>(VCPUS).fill(0)
  readonly #itses: number

  constructor(itses: number) {
    this.#itses = itses
    this.vm = new DirectVm({ vcpus: VCPUS, events: EVENTS, vectors: VECTORS, itses })
    this.vm.forwardOnly(0, 1, 2, 3, 4)
  }

  run(step: Step): void {
    const { vm, expected, expectedSgis } = this
    if (step.does === 'msi') {
      vm.msi(step.event)
      expected.add(step.event)
    } else if (step.does === 'take') this.#take(step.vcpu)
    else if (step.does === 'load') vm.vm.loadVcpu(step.vcpu, this.#free(step.processor))
    else if (step.does === 'put') vm.vm.putVcpu(step.vcpu, step)
    else if (step.does === 'movi') vm.movi(step.event, step.vcpu)
    else if (step.does === 'forward') vm.forwardOnly(step.event)
    else if (step.does === 'unforward') this.#unforward(step.event)
    else if (step.does === 'clear') {
      vm.clear(step.event)
      expected.delete(step.event)
    } else if (step.does === 'sgis') vm.vm.sgis!.request(step.inHardware)
    else if (step.does === 'sgi') {
      const bit = 1 << step.sgi
      const { privates } = vm.vm.gic.redistributors[step.vcpu]!
      if (step.pending) privates.raise(bit)
      else privates.clear(bit)
      expectedSgis[step.vcpu] = step.pending ? expectedSgis[step.vcpu]! | bit : expectedSgis[step.vcpu]! & ~bit
    } else this.#save(step.does === 'migrate')
  }

  /** Sorted EventIDs that should be pending. */
  get sorted(): number[] {
    return [...this.expected].sort((a, b) => a - b)
  }

  get pendingSgis(): number[] {
    return this.vm.vm.gic.redistributors.map(({ privates }) => privates.latched)
  }

  /** What was pending in hardware is lost. */
  #unforward(event: number): void {
    if (this.vm.unsetForwarding(event)) this.expected.delete(event)
  }

  #take(vcpu: number): void {
    const intid = this.vm.direct.acknowledge(vcpu)
    if (intid === 1023) return
    if (intid < 16) {
      expect((this.expectedSgis[vcpu]! >>> intid) & 1).toBe(1)
      this.expectedSgis[vcpu]! &= ~(1 << intid)
      return
    }
    expect(this.vm.lpis.target(intid)).toBe(vcpu)
    expect(this.expected.delete(intid - 8192)).toBe(true)
  }

  /** A processor that runs no vCPU: the one asked for, if it is free. */
  #free(wanted: number): number {
    const taken = this.vm.direct.vpes.filter(({ resident }) => resident).map(({ processor }) => processor)
    return [wanted, 0, 1, 2, 3].find((processor) => !taken.includes(processor))!
  }

  /** vCPUs and devices stop; the pending tables, and for a migration the ITS tables and a new VM, follow. */
  #save(migrate: boolean): void {
    const { vm } = this
    for (let vcpu = 0; vcpu < VCPUS; vcpu++) vm.vm.putVcpu(vcpu)
    expect(vm.savePending()).toMatchObject({ ok: true })
    expect(vm.saved()).toEqual(this.sorted)
    if (!migrate) return
    const saved = vm.save()
    if (!saved.ok) throw new Error(saved.reason)
    const forwarded = vm.irqs.map((_, n) => n).filter((n) => vm.isForwarded(n))
    this.vm = new DirectVm({ vcpus: VCPUS, events: EVENTS, vectors: VECTORS, itses: this.#itses, saved: saved.value })
    expect(this.vm.pending()).toEqual(this.sorted)
    this.vm.forwardOnly(...forwarded)
  }
}

it.each([1, 2])(
  'whatever the guest, the devices and the VMM do in turn, nothing pending is lost or invented (%i ITSes)',
  (itses) => {
    fc.assert(
      fc.property(steps, (list) => {
        const checked = new Checked(itses)
        for (const step of list) {
          checked.run(step)
          expect(checked.vm.pending()).toEqual(checked.sorted)
          expect(checked.pendingSgis).toEqual(checked.expectedSgis)
        }
        for (const kind of ['lost', 'misrouted', 'refused', 'unpredictable'] as const) expect(checked.vm.log.count(kind)).toBe(0)
      }),
      { numRuns: 60 },
    )
  },
)
