import { parseArgs } from 'node:util'
import { isProfileId, type ProfileId, profileOfKernel, profiles, type QuirkName, type Quirks, quirks } from '@vits/core/abi'
import { ModelSubject } from '@vits/core/conformance'

const common = {
  kernel: { type: 'string', default: '6.12' },
  cases: { type: 'string', default: '500' },
  seed: { type: 'string', default: '1' },
  profile: { type: 'string' },
} as const

interface CommonValues {
  readonly kernel: string
  readonly cases: string
  readonly seed: string
  readonly profile?: string
}

/** What commands that make random cases are told: which kernel, how many cases, from which seed, and a model of which profile. */
export function caseOptions(args: string[]) {
  return casesOf(parseArgs({ args, options: common }).values)
}

/**
 * As `caseOptions`, with quirks that the model has beyond its profile (`--plus`) or lacks of it (`--minus`), and whether what comes of
 * it is written down (`--keep`).
 */
export function modelOptions(args: string[]) {
  const options = { ...common, ...modelled, keep: { type: 'boolean', default: false } } as const
  const { values } = parseArgs({ args, options })
  return { ...casesOf(values), keep: values.keep, modelFor: modelsFor(values) }
}

const text = { type: 'string', default: '' } as const
/** The options that say what is modelled. */
export const modelled = { profile: { type: 'string' }, plus: text, minus: text } as const

/** The model of a release, by those options. */
export function modelsFor({
  profile,
  plus,
  minus,
}: {
  readonly profile?: string
  readonly plus: string
  readonly minus: string
}) {
  const [more, less] = [quirksNamed('--plus', plus), quirksNamed('--minus', minus)]
  return (release: string) => new ModelOf(profileFor(profile, release), more, less)
}

/** A profile with quirks more or less, to be modelled as often as wanted. */
export class ModelOf {
  readonly profile: ProfileId
  readonly quirks: Quirks
  readonly #plus: readonly QuirkName[]
  readonly #minus: readonly QuirkName[]

  constructor(profile: ProfileId, plus: readonly QuirkName[] = [], minus: readonly QuirkName[] = []) {
    this.profile = profile
    this.#plus = plus
    this.#minus = minus
    const turned = [...plus.map((name) => [name, true]), ...minus.map((name) => [name, false])]
    this.quirks = { ...profiles[profile].quirks, ...Object.fromEntries(turned) }
  }

  /** `linux-7.3.4 with lpi-mapped-by-many, without next-names-zero-ite`. */
  get title(): string {
    const [plus, minus] = [this.#plus.join(' and '), this.#minus.join(' and ')]
    return [this.profile, plus && ` with ${plus}`, plus && minus && ',', minus && ` without ${minus}`].join('')
  }

  model(): ModelSubject {
    return new ModelSubject(this.profile, this.quirks)
  }
}

function casesOf({ kernel, cases, seed, profile }: CommonValues) {
  return {
    kernel,
    cases: wholeNumber('--cases', cases),
    seed: wholeNumber('--seed', seed),
    profileFor: (release: string) => profileFor(profile, release),
  }
}

function quirksNamed(option: string, list: string): QuirkName[] {
  const names = list.split(',').filter((name) => name !== '')
  const unknown = names.find((name) => !Object.hasOwn(quirks, name))
  if (unknown === undefined) return names as QuirkName[]
  throw new Error(`${option} names no quirk ${unknown}: there is ${Object.keys(quirks).join(', ')}`)
}

/** Reads the number of an option. @throws Error when it is none. */
export function wholeNumber(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${option} is a whole number, not ${text}`)
  return value
}

/** The profile that is named, or the one nearest to the kernel. @throws Error when there is none. */
export function profileFor(id: string | undefined, release: string): ProfileId {
  const profile = id ?? profileOfKernel(release)?.profile
  if (profile !== undefined && isProfileId(profile)) return profile
  throw new Error(`no profile ${id ?? `is near Linux ${release}`}: --profile names one of ${Object.keys(profiles).join(', ')}`)
}
