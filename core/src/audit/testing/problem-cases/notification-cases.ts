import { OWED_DEVICE, owing } from '../owing-vm.ts'
import type { ProblemCase } from './problem-case.ts'

export const notificationCases: readonly ProblemCase[] = [
  {
    code: 'N801',
    when: 'the interrupt of a disk is not pending, and every vCPU waits',
    severity: 'corrupts',
    confidence: 'proven',
    deviceId: OWED_DEVICE,
    eventId: 1,
    vm: () => owing(),
    mends: true,
  },
  {
    code: 'N801',
    when: 'the interrupt of a network interface is not pending, which may be down',
    severity: 'latent',
    confidence: 'inferred',
    vm: () => owing({ kind: 'net' }),
    mends: true,
  },
  {
    code: 'N802',
    when: 'the vCPU to which the interrupt goes ran in its kernel',
    severity: 'note',
    confidence: 'inferred',
    vm: () => owing({ vcpus: ['waiting', 'kernel'] }),
    mends: true,
  },
  {
    code: 'N803',
    when: 'a disk was saved after the GIC, and its rings show that no interrupt was lost',
    severity: 'note',
    confidence: 'proven',
    deviceId: OWED_DEVICE,
    vm: () => owing({ used: 1001, savedAfterGic: true }),
  },
  {
    code: 'N803',
    when: 'a disk was saved after the GIC, and its driver does not say what it waits for',
    severity: 'note',
    vm: () => owing({ eventIdx: false, savedAfterGic: true }),
  },
]
