import { describe, expect, it } from 'vitest'
import { DTE_NEXT_CAP, NEWEST, type ProfileId, profiles } from '../abi/index.ts'
import { budgetFor } from '../budget/testing/budget-for.ts'
import { type Gpa, LoadableMemory, PAGE_BYTES } from '../memory/index.ts'
import { setScene } from './scenes.ts'
import { PlantedVm, RAM } from './testing/planted-vm.ts'
import { traceWalk } from './walk-trace.ts'

const traceOf = (vm: PlantedVm, { kernel = NEWEST, most }: { kernel?: ProfileId; most?: number } = {}) =>
  traceWalk(setScene({ ...vm.input(), profile: profiles[kernel] }), most === undefined ? {} : { most })

const linesOf = (vm: PlantedVm) =>
  traceOf(vm).entries.map(({ kind, deviceId, eventId, icid, stepped, jumped, hidden }) => {
    const id = { CTE: `${icid}`, DTE: `${deviceId}`, ITE: `${deviceId}:${eventId}` }[kind]
    return `${kind} ${id} stepped ${stepped} jumped ${jumped} hidden ${hidden}`
  })

describe('the trace of a restore', () => {
  it('lists every entry in the order in which KVM reads them, with what it steps and jumps over', () => {
    const vm = new PlantedVm()
      .map(8, { 0: [8192, 0], 3: [8193, 1] })
      .map(16, { 2: [8194, 0] })
      .save()
    expect(linesOf(vm)).toEqual([
      'CTE 0 stepped 0 jumped 0 hidden 0',
      'CTE 1 stepped 0 jumped 0 hidden 0',
      'DTE 8 stepped 8 jumped 7 hidden 0',
      'ITE 8:0 stepped 0 jumped 2 hidden 0',
      'ITE 8:3 stepped 0 jumped 0 hidden 0',
      'DTE 16 stepped 0 jumped 0 hidden 0',
      'ITE 16:2 stepped 2 jumped 0 hidden 0',
    ])
    expect(traceOf(vm).end).toEqual({ by: 'last entry' })
  })

  it('counts the valid entries that a jump hides', () => {
    const vm = new PlantedVm()
      .map(8, { 0: [8192, 0], 1: [8193, 0], 4: [8194, 0] })
      .map(12, { 0: [8195, 0] })
      .map(16, {})
    vm.save().unmap(12).discard(8, 1).save()
    expect(linesOf(vm)).toContain('DTE 8 stepped 8 jumped 7 hidden 1')
    expect(linesOf(vm)).toContain('ITE 8:0 stepped 0 jumped 3 hidden 1')
  })

  it('marks a jump that is as long as its field can say', () => {
    const vm = new PlantedVm().map(0, {}, { bits: 1 }).map(DTE_NEXT_CAP, {}, { bits: 1 }).save()
    expect(traceOf(vm).entries.filter(({ capped }) => capped)).toMatchObject([
      { kind: 'DTE', deviceId: 0, jumped: DTE_NEXT_CAP - 1 },
    ])
  })

  it('ends at the entry to which KVM objects, which is not listed', () => {
    const vm = new PlantedVm().map(8, { 0: [8192, 0], 1: [8193, 7] }).save()
    const { entries, end } = traceOf(vm)
    expect(entries.at(-1)).toMatchObject({ kind: 'ITE', eventId: 0 })
    expect(end).toMatchObject({ by: 'objection', objection: { name: 'ite-icid', where: { deviceId: 8, eventId: 1 } } })
  })

  it('ends with the table when no entry says that it is the last', () => {
    const vm = new PlantedVm()
      .map(8, { 0: [8192, 0] })
      .save()
      .dte(8, { ittAddr: new PlantedVm().itt(8), size: 4, next: 9 })
    expect(traceOf(vm).end).toEqual({ by: 'end of the table' })
    expect(traceOf(new PlantedVm()).end).toEqual({ by: 'end of the table' })
  })

  it('says where its listing was full', () => {
    const vm = new PlantedVm().map(8, { 0: [8192, 0], 1: [8193, 0] }).save()
    expect(traceOf(vm, { most: 3 })).toMatchObject({ entries: [{}, {}, { kind: 'DTE' }], end: { by: 'listing' } })
  })

  it('says what it was that was too large, or is not there to be read', () => {
    const vm = new PlantedVm().map(8, { 0: [8192, 0], 1: [8193, 0] }).save()
    const ended = (steps: number) => traceWalk(setScene({ ...vm.input(), budget: budgetFor('restore', steps) })).end
    const { work } = setScene(vm.input()).restored
    expect([ended(4), ended(work - 1)]).toEqual([
      { by: 'limit', limit: 'work' },
      { by: 'limit', limit: 'work' },
    ])
    expect(ended(work)).toEqual({ by: 'last entry' })
    const needs = vm.itt(8) as Gpa
    const part = new LoadableMemory([{ base: RAM as Gpa, bytes: 0x400_0000 }])
    for (let at = RAM; at < RAM + 0x10_0000; at += PAGE_BYTES) part.load(at as Gpa, vm.memory.read(at as Gpa, PAGE_BYTES))
    expect(traceWalk(setScene({ ...vm.input(), memory: part })).end).toEqual({ by: 'not loaded', needs })
  })

  it('ends with a collection table that is full to its last entry, on Linux 4.13', () => {
    const vm = new PlantedVm().map(8, { 0: [8192, 0] }).save()
    for (let slot = 2; slot < 8192; slot++) vm.cte(slot, { icid: slot, rdBase: 0 })
    expect(traceOf(vm, { kernel: 'linux-4.13' }).end).toEqual({ by: 'full collection table' })
    expect(traceOf(vm).end).toEqual({ by: 'last entry' })
  })

  it('counts only what lies between an entry and the one it leads to as hidden', () => {
    const vm = new PlantedVm()
      .map(4, { 0: [8190, 0] })
      .map(8, { 0: [8192, 0], 1: [8193, 0], 2: [8194, 0], 6: [8195, 0], 7: [8196, 0] })
      .map(9, {})
      .map(10, {})
      .map(16, {})
      .map(17, {})
      .save()
      .dte(8, { ittAddr: new PlantedVm().itt(8), size: 4, next: 8 })
      .ite(8, 0, { pintid: 8192, icid: 0, next: 6 })
      .ite(4, 0, { pintid: 8197, icid: 0 })
    expect(linesOf(vm).slice(2)).toEqual([
      'DTE 4 stepped 4 jumped 3 hidden 0',
      'ITE 4:0 stepped 0 jumped 0 hidden 0',
      'DTE 8 stepped 0 jumped 7 hidden 2',
      'ITE 8:0 stepped 0 jumped 5 hidden 2',
      'ITE 8:6 stepped 0 jumped 0 hidden 0',
      'ITE 8:7 stepped 0 jumped 0 hidden 0',
      'DTE 16 stepped 0 jumped 0 hidden 0',
      'DTE 17 stepped 0 jumped 0 hidden 0',
    ])
  })
})
