import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { KVM_DEV_ARM_VGIC_GRP, KVM_VGIC_ADDR_TYPE } from '@vits/core/abi'
import { KvmVm } from '@vits/core/kvm'
import type { Gpa } from '@vits/core/memory'
import { decompress } from 'fzstd'
import { Session, withBlock, withSessions } from './session.ts'

/** What libvirt keeps of a QEMU that could not load a VM. */
const log = `2026-11-20 10:00:01.123+0000: starting up libvirt version: 10.0.0, qemu version: 8.2.2
Unexpected error in kvm_device_access() at ../accel/kvm/kvm-all.c:3387:
2026-11-20T10:00:02.410Z qemu-system-aarch64: KVM_SET_DEVICE_ATTR failed: Group 4 attr 0x0000000000000002: Invalid argument
2026-11-20 10:00:03.456+0000: shutting down, reason=crashed
`

/** Fixtures by the names that they have there. */
const fixtures = {
  'db-03.mig': 'scattered-unrestorable.mig',
  'healthy.vits': 'polling.vits',
  'monday.mig': 'before-churn.mig',
  'tuesday.mig': 'churned.mig',
  'hung.vits': 'lost-split.vits',
  'saves/db-07.vits': 'lost-split.vits',
  'saves/nfs-07.vits': 'scattered-shared-lpi.vits',
  'saves/web-01.vits': 'polling.vits',
  'saves/web-02.vits': 'pending-packed.vits',
  'restore.jsonl': 'restore-ctlr-first.jsonl',
}

/** What Node shows of a VM that a program has made. */
function logged(): string {
  const vm = new KvmVm()
  vm.setMemory(0, 0x4000_0000 as Gpa, 0x1000_0000, 'sparse')
  vm.createVcpu()
  vm.createGic()
  vm.createIts().setAttr(KVM_DEV_ARM_VGIC_GRP.ADDR, BigInt(KVM_VGIC_ADDR_TYPE.ITS), 0x808_0000n)
  vm.memory.setU32(0x4000_0000 as Gpa, 1)
  return inspect(vm)
}

/** What the lab said of a kernel that was changed, as its own page has it. */
const asked = () => /^## Your own kernel\n\n```\n(.*?)```/ms.exec(readFileSync('lab/README.md', 'utf8'))![1]!.trimEnd()

/** docs/journeys.md with what the program prints today for each command it shows. */
export function journeysPage(): Promise<string> {
  let text = readFileSync('docs/journeys.md', 'utf8')
  for (const [name, printed] of [
    ['logged', logged()],
    ['lab', asked()],
  ] as const) {
    text = withBlock(text, name, `\n\`\`\`\n${printed}\n\`\`\`\n`)
  }
  const cut = decompress(readFileSync('fixtures/saved/healthy.mig.zst')).subarray(0, 100_000)
  const others = { 'vm.log': new TextEncoder().encode(log), 'saves/cut.mig': cut }
  return withSessions(text, new Session(fixtures, others))
}
