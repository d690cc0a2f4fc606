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
