import { describe, expect, it } from 'vitest'
import type { Gpa } from '../memory/index.ts'
import { audit, owedInterrupts, queueStates, setScene } from './index.ts'
import { mapped, OWED_LPI, type Owing, owing } from './testing/owing-vm.ts'
import type { PlantedVm } from './testing/planted-vm.ts'

const report = (vm: PlantedVm) => audit(setScene(vm.input()))
const codes = (vm: PlantedVm) => report(vm).findings.map(({ code, severity, confidence }) => `${code} ${severity} ${confidence}`)

describe('an interrupt that a queue owes its driver', () => {
  it('makes the verdict, and says where everything stands', () => {
    const { verdict, lostInterrupts, lost, findings } = report(owing())
    expect({ verdict, lostInterrupts, lost }).toEqual({ verdict: 'corrupts', lostInterrupts: 1, lost: 0 })
    expect(findings).toHaveLength(1)
    expect(findings[0]).toMatchObject({
      says: `The interrupt of request queue 0 of the disk at 00:01.0 was lost: its device is 1 past what the driver waits for, and LPI 8193 is not pending on vCPU 1.`,
      at: 0x4008_0400,
      deviceId: 8,
      eventId: 1,
      fix: { safe: true, writes: [{ at: 0x4008_0400, from: [0, 0], to: [2, 0] }] },
    })
    expect(findings[0]!.evidence.map(({ rule, says, at }) => [rule, says, at])).toEqual([
      ['R-virtq-ahead', 'used index 1002 is 1 past used_event 1001, which is at 0x400a1204', 0x400a_2002],
      ['R-pend-clear', 'LPI 8193 is enabled and not pending on vCPU 1', 0x4008_0400],
      ['R-vcpu-wait', 'every vCPU waits in WFI or is off', undefined],
      ['R-virtq-emptied', 'its driver empties the request queue 0', undefined],
    ])
  })

  it.each<[string, Owing, readonly string[]]>([
    ['which is pending', { isPending: true }, []],
    ['which the driver did not ask for yet', { usedEvent: 1002 }, []],
    ['which the driver asked for later, to have several at once', { usedEvent: 1100, avail: 1200 }, []],
    ['whose LPI is disabled', { configuration: 0xa0 }, ['L406 note inferred']],
    ['whose vector is masked', { masked: true }, []],
    ['of a device without a driver', { status: 3 }, []],
    ['of a ring without used_event', { eventIdx: false }, []],
    ['of a ring that is not the one that was saved', { nextAvail: 1 }, []],
    ['of a console, whose program may not read', { kind: 'console' }, []],
    ['of a queue that is not known', { kind: 'rng', queue: 1 }, []],
    ['of a disk, every vCPU waiting', {}, ['N801 corrupts proven']],
    ['of a disk, its vCPU off', { vcpus: ['waiting', 'off'] }, ['N801 corrupts proven']],
    ['of a disk, its vCPU waiting', { vcpus: ['kernel', 'waiting'] }, ['N801 corrupts proven']],
    ['of a disk, its vCPU in a program', { vcpus: ['kernel', 'program'] }, ['N801 corrupts proven']],
    ['of a file system, whose thread may be at work', { kind: 'fs', vcpus: ['kernel', 'waiting'] }, ['N801 latent inferred']],
    ['of a file system, every vCPU waiting', { kind: 'fs' }, ['N801 corrupts proven']],
    ['of a network interface', { kind: 'net' }, ['N801 latent inferred']],
    ['of a disk, vCPUs not known', { vcpus: [] }, ['N801 latent inferred']],
    ['of a disk, another vCPU not known', { vcpus: ['unknown', 'waiting'] }, ['N801 corrupts proven']],
    ['of a disk, its vCPU not known', { vcpus: ['waiting', 'unknown'] }, ['N801 latent inferred']],
    ['of a disk, its vCPU in the kernel', { vcpus: ['waiting', 'kernel'] }, ['N802 note inferred']],
    ['of a disk, its vCPU in the kernel and in a handler', { vcpus: ['waiting.', 'kernel!'] }, ['N802 note inferred']],
    ['of a disk, its vCPU in the kernel and in no handler', { vcpus: ['kernel!', 'kernel.'] }, ['N801 corrupts proven']],
    ['of a disk, its vCPU in no handler, and no more known', { vcpus: ['unknown', 'unknown.'] }, ['N801 corrupts proven']],
    [
      'of a file system, its vCPU in the kernel and in no handler',
      { kind: 'fs', vcpus: ['waiting.', 'kernel.'] },
      ['N802 note inferred'],
    ],
    ['of a file system, one vCPU not known', { kind: 'fs', vcpus: ['unknown.', 'waiting.'] }, ['N801 latent inferred']],
    ['of a file system, its vCPU in a program', { kind: 'fs', vcpus: ['waiting.', 'program.'] }, ['N802 note inferred']],
    ['of a network interface, its vCPU in the kernel', { kind: 'net', vcpus: ['waiting', 'kernel.'] }, []],
    ['of a network interface, its vCPU in a program', { kind: 'net', vcpus: ['waiting', 'program.'] }, []],
  ])('%s', (_, options, expected) => {
    expect(codes(owing(options))).toEqual(expected)
  })

  it('is proven of no guest that is not known to be Linux', () => {
    const vm = owing()
    vm.memory.fill(0x4005_0000 as Gpa, 0xe000, 0x01)
    vm.memory.setU8(0x4005_0001 as Gpa, 0xa1)
    expect(codes(vm)).toEqual(['N801 latent inferred'])
  })

  it('is none of an event that the tables do not have, which is another problem', () => {
    const vm = owing().ite(8, 1, { pintid: 0 }).ite(8, 0, { pintid: 8192, icid: 0 })
    expect(owedInterrupts(setScene(vm.input()))).toEqual([])
    expect(report(vm).findings.map(({ code }) => code)).not.toContain('N801')
  })

  it('is none where nobody takes LPIs', () => {
    const vm = owing()
    vm.redistributors = vm.redistributors.map((one) => ({ ...one, ctlr: 0 }))
    expect(owedInterrupts(setScene(vm.input()))).toEqual([])
  })

  it('counts what a restore brings back, and not what it loses anyway', () => {
    const vm = owing().dte(8, { size: 4, ittAddr: 0x3000_0000, next: 8 })
    expect(report(vm)).toMatchObject({ verdict: 'fails', lostInterrupts: 0 })
  })

  it('is told of each queue, with its event and its interrupt', () => {
    const [state, ...others] = queueStates(setScene(owing({ isPending: true }).input()))
    expect(others).toEqual([])
    expect(state).toMatchObject({
      role: { name: 'request queue 0' },
      eventId: 1,
      ring: { used: 1002, waiting: 0, asked: { by: 'index', event: 1001, ahead: 1 } },
      interrupt: { lpi: OWED_LPI, vcpuId: 1, pending: { isSet: true, bit: 1 } },
    })
  })

  it('is none of a VM without virtio', () => {
    expect(codes(mapped())).toEqual([])
  })
})
