import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { queueStates } from '../audit/index.ts'
import { mapped, type Owing, owing } from '../audit/testing/owing-vm.ts'
import type { PlantedVm } from '../audit/testing/planted-vm.ts'
import { budgetFor } from '../budget/testing/budget-for.ts'
import { bytesSource, openSavedMachine } from '../formats/index.ts'
import type { Gpa } from '../memory/index.ts'
import type { VirtioDevice } from '../virtio/index.ts'
import { inspect } from './index.ts'
import { plantedCase, plantedMachine } from './testing/planted-machine.ts'

const codesOf = async (vm: PlantedVm) =>
  (await inspect(plantedMachine(vm))).audit().map(({ findings }) => findings.map(({ code }) => code))

describe('the rings of virtqueues', () => {
  it('are loaded with what else decides about interrupts', async () => {
    expect(await codesOf(owing())).toEqual([['N801']])
    expect(await codesOf(owing({ isPending: true }))).toEqual([[]])
  })

  it('are not judged where the budget does not reach them, and the report says so', async () => {
    const whole = await inspect(plantedMachine(mapped()))
    const tables = whole.loaded.ranges.reduce((sum, { bytes }) => sum + bytes, 0)
    const inspection = await inspect(plantedMachine(owing()), { budget: budgetFor('tables', tables) })
    expect(queueStates(inspection.scenes[0]!).map(({ ring }) => ring)).toEqual([{ unjudged: 'not loaded' }])
    expect(inspection.audit()[0]).toMatchObject({ verdict: 'undecided', unread: 1, gaps: [{ code: 'M707', limit: 'bytes' }] })
  })

  it.each<Owing>([{}, { vcpus: ['kernel', 'program'] }, { vcpus: ['off', 'kernel'] }, { kind: 'net' }])(
    'tell the same in a case: %o',
    async (options) => {
      const vm = owing(options)
      const [direct] = (await inspect(plantedMachine(vm))).audit()
      const small = await openSavedMachine(bytesSource(await plantedCase(vm)))
      const [again] = (await inspect(small)).audit()
      expect(again!.findings).toEqual(direct!.findings)
      expect(again!.findings).toHaveLength(1)
    },
  )

  it('never end in an error, wherever a device says that they are', async () => {
    const address = fc
      .oneof(
        fc.nat(0x400_0000).map((at) => 0x4000_0000 + at),
        fc.nat(2 ** 45),
      )
      .map((at) => at as Gpa)
    const place = fc.record({ kind: fc.constant('ram' as const), desc: address, avail: address, used: address })
    const queue = fc.record({ place, size: fc.nat(32768), nextAvail: fc.nat(0xffff), vector: fc.nat(3) })
    await fc.assert(
      fc.asyncProperty(fc.array(queue, { minLength: 1, maxLength: 8 }), async (queues) => {
        const vm = owing()
        const [device] = vm.more.virtio as readonly [VirtioDevice]
        const wild = { ...device, queues: queues.map((one, index) => ({ ...one, index, offset: 0 })) }
        vm.more = { ...vm.more, virtio: [wild] }
        const [report] = (await inspect(plantedMachine(vm))).audit()
        expect(['restores', 'corrupts']).toContain(report!.verdict)
      }),
      { numRuns: 30 },
    )
  })

  it('of ten thousand queues take no longer than they must', async () => {
    const vm = owing({ vcpus: ['kernel', 'waiting'] })
    const [device] = vm.more.virtio as readonly [VirtioDevice]
    const [queue] = device.queues
    const many = Array.from({ length: 10_000 }, (_, index) => ({ ...queue!, index }))
    vm.more = { ...vm.more, virtio: [{ ...device, queues: many }] }
    const [report] = (await inspect(plantedMachine(vm), { judges: [] })).audit()
    expect(report).toMatchObject({ verdict: 'corrupts', lostInterrupts: 10_000 })
    expect(report!.findings.at(-1)!.code).toBe('M704')
  })
})
