import type { ProfileId } from '@vits/core/abi'
import { ModelSubject } from '@vits/core/conformance'
import { askMany } from '../ask-many.ts'
import { stepsOf } from '../fuzz/case-steps.ts'
import { type HeadKind, type HeadTrial, headKinds, tryHeads, withHeads, worsened } from '../fuzz/heads.ts'
import { caseOptions } from '../fuzz/options.ts'
import type { Verdict } from '../fuzz/saved-state.ts'
import { caseOf, compared } from '../fuzz/side-by-side.ts'
import type { KvmSubject } from '../kvm-subject.ts'
import { withKvms } from '../lab.ts'

const MACHINES = 2
/** Histories told one by one. */
const TOLD = 10

/**
 * Heads of both kinds, put to a kernel that knows none. Random histories of one ITS are saved without heads, with heads, and over heads
 * that are stale, and restored by the kernel. The same histories are lived by the kernel itself while somebody else writes heads after
 * every other save, and every answer and byte is held against the model. Exit code 1 if a head changes what a kernel restores, or the
 * kernel does not answer as the model.
 */
export async function heads(args: string[]): Promise<number> {
  const { kernel, cases, seed, profileFor } = caseOptions(args)
  return withKvms(kernel, MACHINES, async (kvms) => {
    const profile = profileFor(kvms[0]!.host.release)
    console.log(`${cases} histories from seed ${seed}, with heads that ${kvms[0]!.name} does not know`)
    const tally = new Tally()
    const seeds = Array.from({ length: cases }, (_, n) => seed + n)
    await askMany(
      kvms,
      seeds,
      (kvm, caseSeed) => ask(kvm, profile, caseSeed, tally),
      (caseSeed) => tally.differs(caseSeed, 'the host dies'),
    )
    console.log(tally.text)
    return tally.bad === 0 ? 0 : 1
  })
}

const kinds = Object.keys(headKinds) as HeadKind[]

async function ask(kvm: KvmSubject, profile: ProfileId, seed: number, tally: Tally): Promise<void> {
  tally.add(seed, await tryHeads(kvm, profile, seed))
  for (const kind of kinds) {
    const { steps, heads: written } = withHeads(stepsOf(caseOf(seed)), profile, kind)
    const { found } = await compared(kvm, new ModelSubject(profile), steps)
    tally.lived(kind, written)
    if (found !== undefined) tally.differs(seed, `heads ${kind}: ${JSON.stringify(found.difference)}`)
  }
}

type Ended = 'exact' | 'refused' | 'different' | 'unsaved'
type Row = Record<Ended, number>

/**
 * What came of the histories. Of those whose tables share bytes, or that no bytes can save whole, it is only told how many, and how many
 * a head changes.
 */
class Tally {
  bad = 0
  readonly #rows = new Map<string, Row>()
  readonly #written = new Map<HeadKind, number>()
  readonly #tables = { flat: 0, 'two-level': 0 }
  readonly #limited = { all: 0, changed: 0 }

  add(seed: number, trial: HeadTrial): void {
    const { plain, fresh, stale, limited, indirect } = trial
    const worse = worsened(trial)
    if (limited) {
      this.#limited.all++
      if (worse.length > 0) this.#limited.changed++
      return
    }
    this.#tables[indirect ? 'two-level' : 'flat']++
    this.#count('no heads', plain)
    for (const kind of kinds) {
      this.#count(`${kind}, fresh`, fresh[kind])
      this.#count(`${kind}, stale`, stale[kind])
    }
    for (const what of worse) this.differs(seed, what)
  }

  lived(kind: HeadKind, heads: number): void {
    this.#written.set(kind, (this.#written.get(kind) ?? 0) + heads)
  }

  differs(seed: number, what: string): void {
    if (this.bad++ < TOLD) console.log(`  seed ${seed}: ${what}`)
  }

  get text(): string {
    const rows = [...this.#rows].map(
      ([name, { exact, refused, different, unsaved }]) =>
        `${name.padEnd(18)}${exact} restored exactly, ${refused} refused, ${different} restored differently, ${unsaved} not saved`,
    )
    const tables = Object.entries(this.#tables).map(([name, count]) => `${count} with ${name} device tables`)
    const written = [...this.#written].map(([kind, count]) => `${count} heads ${kind}`)
    const { all, changed } = this.#limited
    return [
      `${tables.join(', ')}; left out: ${all} whose tables share bytes or that no bytes can save whole, ${changed} of them restored exactly only without heads`,
      ...rows,
      `lived by the kernel, all of them, with ${written.join(' and ')} written meanwhile`,
      `${this.bad} differ`,
    ].join('\n')
  }

  #count(name: string, ended: Verdict | undefined): void {
    const row = this.#rows.get(name) ?? { exact: 0, refused: 0, different: 0, unsaved: 0 }
    row[kindOf(ended)]++
    this.#rows.set(name, row)
  }
}

function kindOf(ended: Verdict | undefined): Ended {
  if (ended === undefined) return 'unsaved'
  if (ended === 'exact') return 'exact'
  return 'refused' in ended ? 'refused' : 'different'
}
