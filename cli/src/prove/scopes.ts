import { type ScopeResult, scopeDocument } from '@vits/core/documents'
import { explore, type Scope, type ScopeName, scopeNames, scopes } from '@vits/core/scope'
import { fileOf } from '../disk.ts'
import { type ExitBits, ExitCode } from '../exit-code.ts'
import { UsageError } from '../failure.ts'
import { packedCase } from '../files/packed-case.ts'
import type { Io } from '../io.ts'
import { jsonText, printable } from '../printable.ts'
import { fit } from '../render/layout.ts'
import { scopeText } from '../render/scope-text.ts'
import { type Output, refuseOutput } from '../repair/refuse-output.ts'
import { scopeCase } from './scope-case.ts'
import { exploreShared, type RemoteShare } from './shared.ts'

/** The scope of this name. @throws UsageError for one that none has, with those there are. */
export function knownScope(name: string): ScopeName {
  const known = scopeNames.find((one) => one === name)
  if (known === undefined) throw new UsageError(`no scope '${name}' is known: name one of ${scopeNames.join(', ')}`)
  return known
}

interface Bounds {
  /** Operations of a history. */
  readonly depth: number
  /** Milliseconds for each scope. */
  readonly within: number | undefined
  /** Threads. */
  readonly jobs: number
  readonly json: boolean
  /** Where the VM of the shortest wrong restore is written. */
  readonly output?: Output
}

/** Goes through scopes, one after another, and says of each what it came to. */
export async function proveScopes(names: readonly ScopeName[], bounds: Bounds, io: Io): Promise<ExitBits> {
  let bits: ExitBits = ExitCode.Ok
  const results: ScopeResult[] = []
  if (bounds.output !== undefined) await refuseOutput(undefined, bounds.output, io)
  for (const name of names) {
    const result = await explored(name, bounds, io)
    results.push(result)
    const document = scopeDocument(result)
    io.progress?.('')
    if (bounds.json) io.out(jsonText(document, names.length > 1 ? 0 : 2))
    else io.out(fit(scopeText(document, io.style), io.style))
    bits |= exitOf[document.verdict]
  }
  if (bounds.output !== undefined) await writeShortest(results, bounds.output, io)
  return bits
}

async function writeShortest(results: readonly ScopeResult[], { path, force }: Output, io: Io): Promise<void> {
  const all = results.flatMap(({ scope, explored }) => explored.wrong.map((wrong) => ({ scope, wrong })))
  const [shortest] = all.sort((a, b) => a.wrong.depth - b.wrong.depth)
  if (shortest === undefined) {
    io.err(`${printable(path)} is not written: no restore is wrong.\n`)
    return
  }
  const { scope, wrong } = shortest
  const packed = await packedCase(await scopeCase(scope, wrong.history), path)
  await io.disk.create(path, fileOf(packed, undefined), { replace: force })
  io.err(`${printable(path)}: the VM after the shortest history to a wrong restore, ${wrong.kind}.\n`)
}

const exitOf = { 'any length': ExitCode.Ok, 'to depth': ExitCode.Undecided, refuted: ExitCode.Problems } as const

async function explored(name: ScopeName, bounds: Bounds, io: Io): Promise<ScopeResult> {
  const { depth: mostDepth, within = Number.POSITIVE_INFINITY, jobs } = bounds
  const scope: Scope = scopes[name]
  const [since, cpu] = [io.now(), io.cpuSeconds()]
  const isTimeUp = () => io.now() - since > within
  const onDepth = (depth: number) => io.progress?.(`${name}: histories of ${depth} operations`)
  const found =
    jobs === 1
      ? explore(scope, { mostDepth, isTimeUp, onDepth })
      : await inThreads(name, jobs, io, (shares) => exploreShared(name, shares, { mostDepth, isTimeUp, onDepth }))
  return { name, scope, explored: found, cpuSeconds: Math.round((io.cpuSeconds() - cpu) * 100) / 100 }
}

async function inThreads<T>(
  name: ScopeName,
  jobs: number,
  io: Io,
  work: (shares: readonly RemoteShare[]) => Promise<T>,
): Promise<T> {
  const shares = Array.from({ length: jobs }, (_, index) => io.scopeShare(name, index, jobs))
  try {
    return await work(shares)
  } finally {
    for (const share of shares) share.close()
  }
}
