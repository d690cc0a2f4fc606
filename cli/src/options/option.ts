/** What an option was given is no value of it; the message says what is. */
export class ValueError extends Error {
  override readonly name = 'ValueError'
}

/** An option, declared once: parsing, help and the type of its value derive from it. */
export interface Option<T> {
  /** As commander writes them: `-n, --dry-run` or `--view <view>`. */
  readonly flags: string
  readonly doc: string
  readonly initial: T
  readonly choices?: readonly string[]
  /** Reads one occurrence; `before` is the value so far. Absent for a flag without a value. */
  parse?(text: string, before: T): T
}

export const flag = (flags: string, doc: string): Option<boolean> => ({ flags, doc, initial: false })

export const text = (flags: string, doc: string): Option<string | undefined> => ({
  flags,
  doc,
  initial: undefined,
  parse: (value) => value,
})

/** One of several words; the first one when the option is not given. */
export const choice = <const C extends string>(flags: string, doc: string, choices: readonly [C, ...C[]]): Option<C> => ({
  flags,
  doc,
  initial: choices[0],
  choices,
  parse: (value) => value as C,
})

/** One of several words, or none. */
export const oneOf = <const C extends string>(flags: string, doc: string, choices: readonly C[]): Option<C | undefined> => ({
  flags,
  doc,
  initial: undefined,
  choices,
  parse: (value) => value as C,
})

/** A whole number from `least` to `most`, decimal or 0x. */
export const whole = (flags: string, doc: string, { initial = 0, least = 0, most = 0xffffffff } = {}): Option<number> => ({
  flags,
  doc,
  initial,
  parse: (value) => {
    const number = /^(0x[0-9a-f]+|\d+)$/i.test(value) ? Number(value) : Number.NaN
    if (!(number >= least && number <= most)) throw new ValueError(`It is a whole number from ${least} to ${most}.`)
    return number
  },
})

/** Words separated by commas or given several times. */
export const list = (flags: string, doc: string): Option<readonly string[]> => ({
  flags,
  doc,
  initial: [],
  parse: (value, before) => [...before, ...value.split(',').filter((word) => word !== '')],
})

const sizes: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

/** Paths, given one at a time: a path may have commas. */
export const paths = (flags: string, doc: string): Option<readonly string[]> => ({
  flags,
  doc,
  initial: [],
  parse: (value, before) => [...before, value],
})

/** Bytes: a whole number, with K, M, G or T for powers of 1024. */
export const size = (flags: string, doc: string, { least = 0 } = {}): Option<number | undefined> => ({
  flags,
  doc,
  initial: undefined,
  parse: (value) => {
    const [, digits, unit] = /^(\d+)([KMGT]?)(?:iB|B)?$/i.exec(value) ?? []
    const bytes = Number(digits) * sizes[unit?.toUpperCase() ?? '']!
    if (!(bytes >= least && Number.isSafeInteger(bytes)))
      throw new ValueError(`It is a size as 512M or 2G, from ${least / 2 ** 20}M on.`)
    return bytes
  },
})

const times: Readonly<Record<string, number>> = { ms: 1, '': 1000, s: 1000, m: 60_000, h: 3_600_000 }

/** Milliseconds: a number of seconds, or with ms, s, m or h. */
export const duration = (flags: string, doc: string): Option<number | undefined> => ({
  flags,
  doc,
  initial: undefined,
  parse: (value) => {
    const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(value) ?? []
    const ms = Number(digits) * times[unit]!
    if (!(ms > 0 && Number.isFinite(ms))) throw new ValueError('It is a duration as 90s, 5m or 1h.')
    return ms
  },
})
