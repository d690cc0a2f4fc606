import { edgeNumber, edgeWord } from '../numbers.ts'
import type { Random } from '../random.ts'

type Node = Record<string, unknown> | unknown[]

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null
const keysOf = (node: Node): readonly string[] => Object.keys(node)
const at = (node: Node, key: string): unknown => (node as Record<string, unknown>)[key]
const put = (node: Node, key: string, value: unknown): void => {
  // JSON.parse makes a member of that name too.
  Object.defineProperty(node, key, { value, writable: true, enumerable: true, configurable: true })
}

/** Where a value stands. */
interface Place {
  readonly node: Node
  readonly key: string
}

/** A value somewhere in a tree; the deeper ones have their turn as the upper ones do. */
function somewhere(root: Node, random: Random): Place | undefined {
  let node = root
  for (;;) {
    const keys = keysOf(node)
    if (keys.length === 0) return undefined
    const key = random.pick(keys)
    const value = at(node, key)
    if (!isNode(value) || keysOf(value).length === 0 || random.once(6)) return { node, key }
    node = value
  }
}

const OTHER: readonly unknown[] = [
  null,
  true,
  false,
  '',
  [],
  {},
  0,
  -1,
  1.5,
  1e300,
  2 ** 53,
  '0x',
  'x'.repeat(300),
  '\u001b[31m',
  '../x',
]
const NAMES = ['__proto__', 'constructor', 'toString', 'length', ''] as const

/** Another value of the kind that `value` is. */
function other(value: unknown, random: Random): unknown {
  if (typeof value === 'number') {
    return random.once(2) ? value + random.below(9) - 4 : edgeNumber(random, random.pick([4, 8, 16, 32, 44, 52]))
  }
  if (typeof value === 'string' && value.startsWith('0x')) {
    if (random.once(2)) return `0x${edgeWord(random).toString(16)}`
    const digit = 2 + random.below(Math.max(1, value.length - 2))
    return `${value.slice(0, digit)}${random.below(16).toString(16)}${value.slice(digit + 1)}`
  }
  if (typeof value === 'string') {
    const place = random.below(value.length + 1)
    return random.once(2)
      ? value.slice(0, place)
      : `${value.slice(0, place)}${String.fromCharCode(random.below(300))}${value.slice(place)}`
  }
  return typeof value === 'boolean' ? !value : random.pick(OTHER)
}

/** Changes one value somewhere in a tree of JSON. */
export function mutateJson(root: unknown, random: Random): void {
  if (!isNode(root)) return
  const place = somewhere(root, random)
  if (place === undefined) return
  const { node, key } = place
  const value = at(node, key)
  const kind = random.below(12)
  if (kind === 0) put(node, key, random.pick(OTHER))
  else if (kind === 1) remove(place)
  else if (kind === 2) repeat(place, random)
  else if (kind === 3) copyFrom(somewhere(root, random), place)
  else if (kind === 4) swap(somewhere(root, random), place)
  else if (kind === 5) put(node, Array.isArray(node) ? key : random.pick(NAMES), value)
  else if (isNode(value)) mutateJson(value, random)
  else put(node, key, other(value, random))
}

function copyFrom(from: Place | undefined, { node, key }: Place): void {
  if (from !== undefined) put(node, key, structuredClone(at(from.node, from.key)))
}

/** Two values that are neither objects nor arrays change places. */
function swap(other: Place | undefined, { node, key }: Place): void {
  if (other === undefined) return
  const [one, two] = [at(node, key), at(other.node, other.key)]
  if (isNode(one) || isNode(two)) return
  put(node, key, two)
  put(other.node, other.key, one)
}

function remove({ node, key }: Place): void {
  if (Array.isArray(node)) node.splice(Number(key), 1)
  else delete node[key]
}

/** The same element once or many times more. */
function repeat({ node, key }: Place, random: Random): void {
  if (!Array.isArray(node)) return
  const value = node[Number(key)]
  const copies = random.few(10) ** 3
  if (JSON.stringify(value)?.length * copies > 1 << 20) return
  node.splice(Number(key), 0, ...Array.from({ length: copies }, () => structuredClone(value)))
}
