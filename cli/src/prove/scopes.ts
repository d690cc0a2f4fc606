import { type ScopeResult, scopeDocument } from '@vits/core/documents'
import { explore, type Scope, type ScopeName, scopeNames, scopes } from '@vits/core/scope'
import { type ExitBits, ExitCode } from '../exit-code.ts'
import { UsageError } from '../failure.ts'
import type { Io } from '../io.ts'
import { jsonText } from '../printable.ts'
import { fit } from '../render/layout.ts'
import { scopeText } from '../render/scope-text.ts'

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
  readonly json: boolean
}

/** Goes through scopes, one after another, and says of each what it came to. */
export async function proveScopes(names: readonly ScopeName[], bounds: Bounds, io: Io): Promise<ExitBits> {
  let bits: ExitBits = ExitCode.Ok
  for (const name of names) {
    const result = explored(name, bounds, io)
    const document = scopeDocument(result)
    io.progress?.('')
    if (bounds.json) io.out(jsonText(document, names.length > 1 ? 0 : 2))
    else io.out(fit(scopeText(document, io.style), io.style))
    bits |= exitOf[document.verdict]
  }
  return bits
}

const exitOf = { 'any length': ExitCode.Ok, 'to depth': ExitCode.Undecided, refuted: ExitCode.Problems } as const

function explored(name: ScopeName, { depth, within = Number.POSITIVE_INFINITY }: Bounds, io: Io): ScopeResult {
  const scope: Scope = scopes[name]
  const [since, cpu] = [io.now(), io.cpuSeconds()]
  const found = explore(scope, {
    mostDepth: depth,
    isTimeUp: () => io.now() - since > within,
    onDepth: (reached, states) => io.progress?.(`${name}: histories of ${reached} operations, ${states} states`),
  })
  return { name, scope, explored: found, cpuSeconds: Math.round((io.cpuSeconds() - cpu) * 100) / 100 }
}
