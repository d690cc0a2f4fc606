/** A field of a line: what it means, and whether it is a whole number of 32 bits or of 64. */
type Width = 32 | 64

/**
 * What a line of a trace says, by its `op`: one ioctl that a VMM made, or an MSI that a device of its sent. `?` marks a field that may
 * be left out. `vm` is the file descriptor of the VM, `fd` that of a device or a vCPU; those of a VM and of a vCPU are what the call that
 * makes one returns.
 */
export const traceOps = {
  'create-vm': { is: 'KVM_CREATE_VM', fields: {} },
  memory: { is: 'KVM_SET_USER_MEMORY_REGION', fields: { 'vm?': 32, slot: 32, base: 64, bytes: 64 } },
  vcpu: { is: 'KVM_CREATE_VCPU', fields: { 'vm?': 32, id: 32 } },
  create: { is: 'KVM_CREATE_DEVICE', fields: { 'vm?': 32, fd: 32, type: 32 } },
  set: { is: 'KVM_SET_DEVICE_ATTR', fields: { fd: 32, group: 32, attr: 64, 'value?': 64 } },
  get: { is: 'KVM_GET_DEVICE_ATTR', fields: { fd: 32, group: 32, attr: 64, 'value?': 64 } },
  'dirty-log': { is: 'KVM_GET_DIRTY_LOG', fields: { 'vm?': 32, slot: 32 } },
  msi: { is: 'KVM_SIGNAL_MSI, or an MSI by KVM_IRQFD', fields: { 'vm?': 32, 'devid?': 32, data: 32 } },
  run: { is: 'KVM_RUN: the first after any other line', fields: { 'fd?': 32 } },
} as const satisfies Readonly<Record<string, { readonly is: string; readonly fields: Readonly<Record<string, Width>> }>>

export type TraceOp = keyof typeof traceOps

type FieldsOf<O extends TraceOp> = (typeof traceOps)[O]['fields']
type NumberOf<W> = W extends 64 ? bigint : number
type Required<F> = { readonly [K in keyof F as K extends `${string}?` ? never : K]: NumberOf<F[K]> }
type Optional<F> = { readonly [K in keyof F as K extends `${infer Name}?` ? Name : never]?: NumberOf<F[K]> }

/** What every line has: its place in the file, the process, and what the kernel answered (0 or more, or a negative errno). */
interface Common {
  readonly line: number
  readonly pid: number
  readonly ret: number
  /** When it was, on a clock that all lines share. */
  readonly t?: bigint
}

export type CallOf<O extends TraceOp> = { readonly op: O } & Common & Required<FieldsOf<O>> & Optional<FieldsOf<O>>
export type Call = { [O in TraceOp]: CallOf<O> }[TraceOp]

/** A line that is no part of a trace, and why. */
export class TraceError extends Error {
  override readonly name = 'TraceError'
  readonly line: number

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`)
    this.line = line
  }
}

/**
 * The calls of a trace in the order in which they were made: one JSON object a line. Numbers are JSON's, or text in decimal or 0x. Keys
 * that no op has are passed over, as are lines whose `op` is "comment". Where every line has a time `t` they are put in its order: what
 * several CPUs print comes by way of a buffer of each.
 *
 * @throws TraceError at the first line that is none.
 */
export function parseTrace(text: string): Call[] {
  const calls: Call[] = []
  let [line, from] = [0, 0]
  while (from < text.length) {
    const end = text.indexOf('\n', from)
    const words = text.slice(from, end < 0 ? text.length : end)
    from = end < 0 ? text.length : end + 1
    line++
    if (words.trim() === '') continue
    const call = callIn(words, line)
    if (call !== undefined) calls.push(call)
  }
  return calls.every(isTimed) ? calls.sort((a, b) => Number(a.t - b.t)) : calls
}

const isTimed = (call: Call): call is Call & { readonly t: bigint } => call.t !== undefined

function callIn(words: string, line: number): Call | undefined {
  const members = objectIn(words, line)
  const { op } = members
  if (op === 'comment') return undefined
  if (typeof op !== 'string' || !Object.hasOwn(traceOps, op)) {
    throw new TraceError(line, `"op" is ${shown(op)}, and none of ${Object.keys(traceOps).join(', ')}`)
  }
  const fields: Readonly<Record<string, Width>> = traceOps[op as TraceOp].fields
  const read = Object.entries(fields).flatMap(([key, width]) => {
    const name = key.replace('?', '')
    if (members[name] === undefined && name !== key) return []
    const value = wholeIn(members[name], { line, name, bits: width })
    return [[name, width === 64 ? value : Number(value)] as const]
  })
  const pid = members['pid'] === undefined ? 0 : Number(wholeIn(members['pid'], { line, name: 'pid', bits: 32 }))
  const t = members['t'] === undefined ? {} : { t: wholeIn(members['t'], { line, name: 't', bits: 64 }) }
  return { op, line, pid, ret: resultIn(members['ret'], line), ...t, ...Object.fromEntries(read) } as Call
}

function objectIn(words: string, line: number): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(words)
  } catch {
    throw new TraceError(line, `is not JSON: ${shown(words)}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TraceError(line, 'is no JSON object')
  return value as Readonly<Record<string, unknown>>
}

/** Where a number stands, and how many bits it may have. */
interface Place {
  readonly line: number
  readonly name: string
  readonly bits: Width
}

function wholeIn(value: unknown, { line, name, bits }: Place): bigint {
  const isText = typeof value === 'string' && /^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(value)
  if (!isText && !(Number.isSafeInteger(value) && (value as number) >= 0)) {
    const hint =
      typeof value === 'number' && value > Number.MAX_SAFE_INTEGER ? ': JSON keeps 53 bits of a number, write it as text' : ''
    throw new TraceError(line, `"${name}" is ${shown(value)}, and no whole number${hint}`)
  }
  const number = BigInt(value as string | number)
  if (number >= 1n << BigInt(bits)) throw new TraceError(line, `"${name}" is ${shown(value)}, more than ${bits} bits hold`)
  return number
}

function resultIn(value: unknown, line: number): number {
  if (value === undefined) return 0
  if (!Number.isSafeInteger(value)) throw new TraceError(line, `"ret" is ${shown(value)}, and no result of an ioctl`)
  return value as number
}

const MOST_SHOWN = 60

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing'
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text
}
