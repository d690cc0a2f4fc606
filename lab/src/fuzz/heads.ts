import { hex, type ProfileId } from '@vits/core/abi'
import { ModelSubject, type Step } from '@vits/core/conformance'
import { type Gpa, type GuestMemory, PAGE_BYTES } from '@vits/core/memory'
import { seal, stampedHeads } from '@vits/core/seal'
import { type Heads, isHead, saveTables } from '@vits/core/tables'
import type { KvmSubject } from '../kvm-subject.ts'
import { littleEndian } from './planted.ts'
import { itsOf, oneItsHistory, played, type Verdict, verdict, withoutLog } from './saved-state.ts'

/** The heads that there are, by the name they are told by. */
export const headKinds: Readonly<Record<'proposed' | 'ours', Heads>> = { proposed: 'proposed', ours: stampedHeads }

export type HeadKind = keyof typeof headKinds

/** A history in which somebody else than its kernel writes heads, and how many. */
export interface HeadedHistory {
  readonly steps: readonly Step[]
  readonly heads: number
}

/**
 * Adds heads to a history: after every other save of an ITS by its kernel, what the same save with heads would have written beside. The saves
 * between pass over heads that are stale by then, as do restores that follow on those.
 */
export function withHeads(history: readonly Step[], profile: ProfileId, kind: HeadKind): HeadedHistory {
  const scribe = new ModelSubject(profile)
  const steps: Step[] = []
  /** Of each ITS. */
  const saves: number[] = []
  let heads = 0
  for (const step of history) {
    const { rc } = scribe.play(withoutLog(step)) as { readonly rc?: string }
    steps.push(step)
    if (step.op !== 'its_save_tables' || rc !== '0') continue
    const number = step.its ?? scribe.vm.itses.length - 1
    saves[number] = (saves[number] ?? 0) + 1
    if (saves[number] % 2 === 0) continue
    const { its } = scribe.vm.itses[number]!
    const written = changedBy(its.memory, () => saveTables(its, { heads: headKinds[kind] }))
    steps.push(...written.map(writeStep))
    heads += written.filter(({ lo }) => isHead(lo)).length
  }
  return { steps, heads }
}

interface Word {
  readonly at: Gpa
  readonly lo: number
  readonly hi: number
}

/** The 64-bit words of RAM that are other ones afterwards. The memory's log has all that was ever written. */
function changedBy(memory: GuestMemory, write: () => unknown): Word[] {
  const before = new Map(memory.dirtyPages().map((page) => [page, words(memory, page)]))
  write()
  return memory.dirtyPages().flatMap((page) => {
    const old = before.get(page)
    return words(memory, page).filter(({ lo, hi }, n) => lo !== (old?.[n]?.lo ?? 0) || hi !== (old?.[n]?.hi ?? 0))
  })
}

function words(memory: GuestMemory, page: Gpa): Word[] {
  return Array.from({ length: PAGE_BYTES / 8 }, (_, n) => {
    const at = (page + 8 * n) as Gpa
    return { at, lo: memory.u32(at), hi: memory.u32((at + 4) as Gpa) }
  })
}

const writeStep = ({ at, lo, hi }: Word): Step => ({
  op: 'mem_write',
  gpa: hex(at),
  what: 'heads',
  hex: littleEndian((BigInt(hi) << 32n) | BigInt(lo)),
})

/** What a kernel makes of one history. Undefined: nothing was saved. */
export interface HeadTrial {
  readonly indirect: boolean
  /** The last save as the kernel's own. */
  readonly plain: Verdict | undefined
  /** The last save with heads. */
  readonly fresh: Readonly<Record<HeadKind, Verdict | undefined>>
  /** The last save as the kernel's own, over heads of saves before. */
  readonly stale: Readonly<Record<HeadKind, Verdict | undefined>>
  /** Tables share bytes, which heads may be written over, or this kernel cannot restore the state whole, whatever the bytes. */
  readonly limited: boolean
}

/** Plays a history of one ITS on the model, saves it without heads, with those of each kind, and over stale ones, and lets a kernel restore each. */
export async function tryHeads(kvm: KvmSubject, profile: ProfileId, seed: number): Promise<HeadTrial> {
  const history = oneItsHistory(seed)
  const restored = async (steps: readonly Step[], heads: Heads) => {
    const model = played(profile, steps)
    return saveTables(itsOf(model), { heads }).ok ? verdict(kvm, model, profile) : undefined
  }
  const ofEach = async (ask: (kind: HeadKind) => Promise<Verdict | undefined>) => ({
    proposed: await ask('proposed'),
    ours: await ask('ours'),
  })
  const its = itsOf(played(profile, history))
  const sealed = seal(its)
  return {
    indirect: its.deviceTable.indirect,
    plain: await restored(history, 'none'),
    fresh: await ofEach((kind) => restored(history, headKinds[kind])),
    stale: await ofEach((kind) => restored(withHeads(history, profile, kind).steps, 'none')),
    limited:
      sealed.ok && sealed.value.limits.some(({ name, profiles }) => name === 'shared-entries' || profiles.includes(profile)),
  }
}

/** Which heads make what was restored exactly something else, and what. A save that the proposal refuses is none. */
export function worsened({ plain, fresh, stale }: HeadTrial): string[] {
  if (plain !== 'exact') return []
  return (Object.keys(headKinds) as HeadKind[]).flatMap((kind) => [
    ...(isWorse(fresh[kind]) ? [`${kind}, fresh: ${JSON.stringify(fresh[kind])}`] : []),
    ...(isWorse(stale[kind]) ? [`${kind}, stale: ${JSON.stringify(stale[kind])}`] : []),
  ])
}

const isWorse = (ended: Verdict | undefined): boolean => ended !== 'exact' && ended !== undefined
