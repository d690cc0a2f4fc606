import { Agent } from './agent.ts'
import { kernelImage } from './cache.ts'
import { KvmSubject } from './kvm-subject.ts'
import type { MachineOptions } from './machine.ts'

/** Boots a kernel, hands its KVM to `body`, and powers it off whatever happens. `kernel` is what `--kernel` names. */
export function withKvm<T>(
  kernel: string,
  body: (subject: KvmSubject) => Promise<T>,
  options: Omit<MachineOptions, 'kernel'> = {},
): Promise<T> {
  return withKvms(kernel, 1, ([subject]) => body(subject!), options)
}

/** As `withKvm`, with several machines that run the same kernel. */
export async function withKvms<T>(
  kernel: string,
  count: number,
  body: (subjects: readonly KvmSubject[]) => Promise<T>,
  options: Omit<MachineOptions, 'kernel'> = {},
): Promise<T> {
  const image = kernelImage(kernel)
  const booting = await Promise.allSettled(Array.from({ length: count }, () => Agent.boot({ ...options, kernel: image })))
  const agents = booting.flatMap((boot) => (boot.status === 'fulfilled' ? [boot.value] : []))
  try {
    for (const boot of booting) if (boot.status === 'rejected') throw boot.reason
    return await body(await Promise.all(agents.map(async (agent) => new KvmSubject(await describe(agent), agent))))
  } finally {
    await Promise.all(agents.map((agent) => agent.stop()))
  }
}

/** The kernel that booted: `ver` answers release|version|capabilities. */
async function describe(agent: Agent) {
  const { data } = await agent.request('ver')
  const [kernel, kernelVersion] = data.split('|') as [string, string]
  return { kernel, kernelVersion, release: stableRelease(kernel, kernelVersion) }
}

/** `6.1.192` of `6.1.0-56-cloud-arm64` and `#1 SMP Debian 6.1.192-2 (...)`: Debian 12's release does not name the stable version. */
function stableRelease(kernel: string, kernelVersion: string): string {
  return /Debian (\d+\.\d+\.\d+)/.exec(kernelVersion)?.[1] ?? kernel.replace(/[^0-9.].*$/, '')
}
