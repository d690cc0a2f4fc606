import { profileOfKernel } from '@vits/core/abi'
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
  return { kernel, kernelVersion, release: releaseOf(kernel, kernelVersion) }
}

/** The release that a kernel is made from, as `uname -r` and `uname -v` name it: Debian's `6.1.0-56-cloud-arm64` is 6.1.192. */
export const releaseOf = (kernel: string, kernelVersion = ''): string =>
  profileOfKernel(`${kernel} ${kernelVersion}`)?.release ?? kernel
