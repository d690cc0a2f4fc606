import type { Agent } from './agent.ts'

/** The kernel whose KVM is asked. */
export interface KvmHost {
  /** As `uname -r` and `uname -v` say. */
  readonly kernel: string
  readonly kernelVersion: string
  /** The stable release it is made from: `6.1.192`. */
  readonly release: string
}

/** The kernel that booted: `ver` answers release|version|capabilities. */
export async function describe(agent: Agent): Promise<KvmHost> {
  const { data } = await agent.request('ver')
  const [kernel, kernelVersion] = data.split('|') as [string, string]
  return { kernel, kernelVersion, release: stableRelease(kernel, kernelVersion) }
}

/** `6.1.192` of `6.1.0-56-cloud-arm64` and `#1 SMP Debian 6.1.192-2 (...)`: Debian 12's release does not name the stable version. */
function stableRelease(kernel: string, kernelVersion: string): string {
  return /Debian (\d+\.\d+\.\d+)/.exec(kernelVersion)?.[1] ?? kernel.replace(/[^0-9.].*$/, '')
}
