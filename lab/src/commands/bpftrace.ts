import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { KVM_DEV_ARM_VGIC_GRP as GROUP } from '@vits/core/abi'
import { lintTrace, parseTrace } from '@vits/core/trace'
import { kernelImage } from '../cache.ts'
import { Guest } from '../guests/guest.ts'
import type { GuestHardware } from '../guests/machines.ts'
import { NestedHost } from '../guests/nested-host.ts'
import { hostKernel } from '../guests/parts.ts'
import { loadedMachines } from '../load/machines.ts'
import { bpftraced } from '../trace/bpftraced.ts'

/** Traces a real QEMU that saves and restores a guest of two vCPUs, and says what `vits lint` does. */
export async function bpftrace(args: string[]): Promise<number> {
  const { out } = parseArgs({ args, options: { out: { type: 'string' } } }).values
  const trace = await tracedQemu()
  if (out !== undefined) writeFileSync(out, trace)
  const pauses = lintTrace(parseTrace(trace))
  for (const { kind, pid, findings } of pauses) {
    console.log(`${kind} by process ${pid}: ${findings.map(({ rule }) => rule).join(', ') || 'in order'}`)
  }
  return pauses.length > 0 ? 0 : 1
}

/** What bpftrace prints of a real QEMU, but for the distributor's registers: there are a thousand, and no rule is about them. */
export async function tracedQemu(): Promise<string> {
  const host = await NestedHost.boot(kernelImage(hostKernel))
  try {
    const trace = await bpftraced(host, () => savedAndRestored(host, loadedMachines[1]!))
    const lines = trace.split('\n').filter((line) => line !== '' && !line.includes(`"group":${GROUP.DIST_REGS},`))
    return lines.map((line) => `${line}\n`).join('')
  } finally {
    host.stop()
  }
}

async function savedAndRestored(host: NestedHost, machine: GuestHardware): Promise<void> {
  const guest = await Guest.boot(host, machine)
  await guest.save()
  const restored = await Guest.restore(host, machine)
  await restored.goOn()
  await restored.run('alive 20')
}
