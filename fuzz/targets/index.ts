import type { Target } from '../target.ts'
import { cases } from './cases.ts'
import { compressed } from './compressed.ts'
import { decoders } from './decoders.ts'
import { description, devices } from './description.ts'
import { guestKernel } from './guest-kernel.ts'
import { queue } from './queue.ts'
import { registers } from './registers.ts'
import { snapshots } from './snapshots.ts'
import { libvirt, mappedRam, qcow2, streams } from './streams.ts'
import { tables } from './tables.ts'
import { undo } from './undo.ts'
import { virtqueues } from './virtqueues.ts'

/** Everything that is fuzzed, in the order of the page that tells of it. */
// biome-ignore lint/suspicious/noExplicitAny: each has a model of its own, which only its own functions see
export const targets: readonly Target<any>[] = [
  streams,
  mappedRam,
  qcow2,
  libvirt,
  snapshots,
  compressed,
  decoders,
  description,
  devices,
  cases,
  registers,
  tables,
  queue,
  virtqueues,
  guestKernel,
  undo,
]
