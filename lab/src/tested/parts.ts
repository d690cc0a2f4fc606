import { readFileSync } from 'node:fs'
import type { ProfileId } from '@vits/core/abi'
import { type Agent, HostDied } from '../agent.ts'
import { askMany } from '../ask-many.ts'
import { tryHeads, worsened } from '../fuzz/heads.ts'
import type { Verdict } from '../fuzz/saved-state.ts'
import { trySeal } from '../fuzz/sealed.ts'
import type { KvmSubject } from '../kvm-subject.ts'
import { tracesOf } from '../trace/traced-agent.ts'
import { type KernelDifference, type Part, TOLD } from './part.ts'

/** Times a part, and tells only some of its differences. */
export async function part(name: string, asked: string, differences: () => Promise<readonly KernelDifference[]>): Promise<Part> {
  const start = performance.now()
  const found = await differences().catch((error): readonly KernelDifference[] => {
    if (!(error instanceof HostDied)) throw error
    const got = `the host dies: ${error.message}`
    return [{ title: name, history: 'where it was at that moment', expected: 'answers', got }]
  })
  const seconds = (performance.now() - start) / 1000
  return { name, asked, seconds, differences: found.slice(0, TOLD), untold: Math.max(0, found.length - TOLD) }
}

const seeds = (first: number, cases: number) => Array.from({ length: cases }, (_, n) => first + n)

/** Whether a kernel restores exactly what the model of a profile has sealed. */
export async function sealedSaves(kvms: readonly KvmSubject[], profile: ProfileId, first: number, cases: number) {
  const found: KernelDifference[] = []
  const ask = async (kvm: KvmSubject, seed: number) => {
    const { sealed, limits } = await trySeal(kvm, profile, seed)
    if (limits.length === 0 && sealed !== undefined && sealed !== 'exact')
      found.push(restoredOtherwise('a sealed save', seed, sealed))
  }
  await askMany(kvms, seeds(first, cases), ask, (seed) => found.push(deadly('a sealed save', seed)))
  return found
}

/** Whether dummy heads in the tables change what a kernel restores that knows none. */
export async function headedSaves(kvms: readonly KvmSubject[], profile: ProfileId, first: number, cases: number) {
  const found: KernelDifference[] = []
  const ask = async (kvm: KvmSubject, seed: number) => {
    const trial = await tryHeads(kvm, profile, seed)
    if (trial.limited) return
    for (const worse of worsened(trial)) {
      const head = worse.split(': ')[0]!
      const got = worse.slice(head.length + 2)
      found.push({
        title: `dummy heads ${head}`,
        history: history(seed),
        expected: 'restored exactly, as without heads',
        got,
        ...SCAN,
      })
    }
  }
  await askMany(kvms, seeds(first, cases), ask, (seed) => found.push(deadly('dummy heads', seed)))
  return found
}

const SCAN = { decidedIn: 'scan_its_table' } as const
const history = (seed: number) => `random history ${seed} of one ITS, saved by the model`

function restoredOtherwise(title: string, seed: number, verdict: Exclude<Verdict, 'exact'>): KernelDifference {
  const got = 'refused' in verdict ? `ITS_RESTORE_TABLES answers ${verdict.refused}` : verdict.different
  return {
    title,
    history: history(seed),
    expected: 'restored exactly',
    got,
    decidedIn: 'vgic_its_restore_tables_v0, scan_its_table',
  }
}

const deadly = (title: string, seed: number): KernelDifference => {
  return { title, history: history(seed), expected: 'answers', got: 'the host dies' }
}

/** Every kernel that was asked, from 6.1 on, answers these alike. */
const TRACES = 'fixtures/traces'

/** Whether a VMM that saves and restores in order, and in each wrong order, is answered as every kernel answers so far. */
export async function orders(agent: Agent): Promise<readonly KernelDifference[]> {
  const found: KernelDifference[] = []
  for (const [name, text] of await tracesOf(agent)) {
    const [expected, got] = [readFileSync(`${TRACES}/${name}.jsonl`, 'utf8').split('\n'), text.split('\n')]
    const at = expected.findIndex((line, n) => line !== got[n])
    if (at < 0) continue
    const told = { expected: expected[at] ?? 'nothing', got: got[at] ?? 'nothing' }
    found.push({ title: `order: ${name}`, history: `${TRACES}/${name}.jsonl, line ${at + 1}`, ...told, ...ATTRIBUTES })
  }
  return found
}

const ATTRIBUTES = { decidedIn: 'vgic_its_set_attr, vgic_its_restore_tables_v0' } as const
