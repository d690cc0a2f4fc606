import { flag, whole } from '../options/option.ts'
import { usage } from '../usage.ts'

const details = `A VM with passed-through devices is saved in three ways and restored on another host. Its interrupts are
delivered by GICv4 hardware, which keeps their pending bits to itself until the vPE is unmapped.
With --sgis, SGIs are pending too, in software and in hardware: user space saves them with the other registers
of the redistributor, before or after the pending tables, and loses them if it asks in between.
Exit status 0 when each way ends as it must, 1 otherwise.`

/** Whether pending interrupts that GICv4 hardware holds survive a migration. */
export const selftestVlpi = usage({
  name: 'selftest vlpi',
  args: '',
  summary: 'migrate a VM whose interrupts GICv4.1 hardware delivers, and count what arrives',
  details,
  examples: ['selftest vlpi', 'selftest vlpi --sgis', 'selftest vlpi --vcpus 64 --lpis 20000', 'selftest vlpi --seed 7 --json'],
  options: {
    vcpus: whole('--vcpus <count>', 'vCPUs of the VM', { initial: 8, least: 1, most: 512 }),
    lpis: whole('--lpis <count>', 'interrupts that hardware delivers', { initial: 4096, least: 1, most: 28672 }),
    software: whole('--software <count>', 'interrupts that software delivers, among the others', { initial: 512, most: 4096 }),
    sgis: flag('--sgis', 'half of the SGIs of each vCPU are pending, too'),
    seed: whole('--seed <number>', 'which interrupts are pending, and where vCPUs run', { initial: 1 }),
    json: flag('--json', 'print one JSON document'),
  },
})
