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
  const booting = await Promise.allSettled(Array.from({ length: count }, () => KvmSubject.boot({ ...options, kernel: image })))
  const subjects = booting.flatMap((boot) => (boot.status === 'fulfilled' ? [boot.value] : []))
  try {
    for (const boot of booting) if (boot.status === 'rejected') throw boot.reason
    return await body(subjects)
  } finally {
    await Promise.all(subjects.map((subject) => subject.stop()))
  }
}
