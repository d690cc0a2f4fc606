import { join } from 'node:path'
import type { Io } from '../io.ts'

/** True for what a shell would take for a pattern. */
export const isPattern = (word: string): boolean => /[*?[]/.test(word)

/** Levels of folders that `**` goes through. */
const DEEPEST = 64

/**
 * The paths that a pattern is of, sorted: `*`, `?` and `[a-z]` within a name, `**` for any folders. As in a shell, a name that begins
 * with a dot is only found by a pattern that does.
 */
export async function matching(pattern: string, io: Pick<Io, 'list'>): Promise<string[]> {
  const parts = pattern.split('/')
  const found = new Set<string>()
  const start = parts[0] === '' ? '/' : ''
  await walk(
    start,
    parts.filter((part) => part !== ''),
    { io, found, deep: 0 },
  )
  return [...found].sort()
}

interface Walk {
  readonly io: Pick<Io, 'list'>
  readonly found: Set<string>
  readonly deep: number
}

async function walk(at: string, parts: readonly string[], state: Walk): Promise<void> {
  const [part, ...rest] = parts
  if (part === undefined) {
    state.found.add(at)
    return
  }
  const names = (await state.io.list(at === '' ? '.' : at)) ?? []
  const below = { ...state, deep: state.deep + 1 }
  if (part === '**') {
    await walk(at, rest, state)
    if (state.deep === DEEPEST) return
    for (const name of names) if (!name.startsWith('.')) await walk(join(at, name), parts, below)
    return
  }
  if (!isPattern(part)) {
    if (part === '..' || part === '.' || names.includes(part)) await walk(join(at, part), rest, below)
    return
  }
  const matches = matcher(part)
  for (const name of names) {
    if (name.startsWith('.') !== part.startsWith('.') || !matches(name)) continue
    await walk(join(at, name), rest, below)
  }
}

/** Whether a name is of a pattern. */
function matcher(part: string): (name: string) => boolean {
  let source = ''
  for (let i = 0; i < part.length; i++) {
    const character = part[i]!
    const end = character === '[' ? part.indexOf(']', i + 2) : -1
    if (character === '*') source += '[^]*'
    else if (character === '?') source += '[^]'
    else if (end > 0) {
      const inside = part.slice(i + 1, end).replace(/[\\\]^]/g, '\\$&')
      source += inside.startsWith('!') ? `[^${inside.slice(1)}]` : `[${inside}]`
      i = end
    } else source += character.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  }
  try {
    const expression = new RegExp(`^${source}$`, 'u')
    return (name) => expression.test(name)
  } catch {
    // A range from z to a is none.
    return (name) => name === part
  }
}
