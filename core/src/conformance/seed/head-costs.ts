import { L2_ENTRIES, type ProfileId, profileOfKernel } from '../../abi/index.ts'
import { SeedCalls } from './seed-calls.ts'
import { lateEvents } from './seed-case.ts'
import { SEED_BASE } from './seed-options.ts'
import { SeedTest } from './seed-test.ts'

/** What a restore costs with the heads of one kind. */
export interface HeadCost {
  readonly head: 'none' | 'proposed' | 'ours'
  /** Table entries that the restore reads, valid or not: the same on every machine. */
  readonly entries: number
  /** The fastest of the restores measured here. */
  readonly ms: number
  /** What the posting says that a kernel took on its author's machine; undefined of heads that were not posted. */
  readonly postedMs: number | undefined
  /** Everything that was mapped came back, and nothing else. */
  readonly passed: boolean
}

export interface HeadCosts {
  readonly kernel: ProfileId
  /** Devices, each with one event near the end of its ITT. */
  readonly devices: number
  readonly costs: readonly HeadCost[]
  readonly passed: boolean
}

const HEADS = ['none', 'proposed', 'ours'] as const
const ROUNDS = 3

/**
 * The times that were posted, in milliseconds: one second-level page, 8192 mappings, one event per device at the table's end.
 *
 * @source J. Zhang, "Fix a bug in VGIC ITS tables' save/restore", cover letter of 5 Nov 2024
 */
const POSTED_MS = { none: 6000, proposed: 6, ours: undefined } as const

/** The last case of the selftest alone, on the kernel that it was posted on: without heads, with the proposal's, with ours. */
export function measureHeads(now: () => number): HeadCosts {
  const kernel = profileOfKernel(SEED_BASE)!.profile
  const costs = HEADS.map((head) => costOf(head, kernel, now))
  return { kernel, devices: L2_ENTRIES, costs, passed: costs.every(({ passed }) => passed) }
}

function costOf(head: HeadCost['head'], kernel: ProfileId, now: () => number): HeadCost {
  const calls = new SeedCalls({ kernel, l2Tables: 1, save: 'plain', head, now })
  const test = new SeedTest(calls, { flow: 'v4', clear: false, sameCollection: true })
  const cases = Array.from({ length: ROUNDS }, () => test.run(lateEvents(calls.guest.devices)))
  const restores = cases.flatMap(({ restore = [] }) => restore)
  return {
    head,
    entries: Math.max(...restores.map(({ entries }) => entries)),
    ms: Math.min(...restores.map(({ ms }) => ms)),
    postedMs: POSTED_MS[head],
    passed: cases.every(({ passed }) => passed),
  }
}
