import { ITS_FRAME_BYTES } from '@vits/core'
import type { Hex, QueuedCommand, Step } from '@vits/core/conformance'
import fc from 'fast-check'
import { ITS_LIMIT, VCPU_LIMIT } from './places.ts'
import { planted } from './planted.ts'
import { deviceId, eventId, queuedCommand } from './queue-commands.ts'
import { itsRegisterWrite, RESTORE_ORDER, redistributorWrite, type TableChoice } from './register-values.ts'

/** How a random machine is made. */
export interface Setting {
  readonly vcpus: number
  readonly itses: readonly TableChoice[]
  /** INTID bits of GICR_PROPBASER. */
  readonly idBits: number
  readonly queuePages: number
  readonly sideRam: boolean
  /** Each ITS starts with collections, devices and events, as of a guest that has booted. */
  readonly furnished: boolean
  /** vCPU 0 has guest code that takes interrupts when it is let run. */
  readonly guest: boolean
}

/** One thing that happens to it. An ITS or vCPU it has not is taken modulo those it has. */
export type Action =
  | { readonly kind: 'commands'; readonly its: number; readonly list: readonly QueuedCommand[] }
  | {
      readonly kind: 'msi'
      readonly its: number
      readonly deviceId: number
      readonly eventId: number
      readonly offset: number
      readonly flags: number
    }
  | { readonly kind: 'save'; readonly its: number }
  | { readonly kind: 'save-pending' }
  | { readonly kind: 'acknowledge' }
  | { readonly kind: 'reset' | 'init' | 'restore' | 'registers'; readonly its: number }
  | { readonly kind: 'its-write'; readonly its: number; readonly reg: string; readonly value: Hex }
  | { readonly kind: 'redistributor-write'; readonly cpu: number; readonly reg: string; readonly value: Hex }
  | { readonly kind: 'redistributor-read'; readonly cpu: number; readonly reg: string }
  | { readonly kind: 'plant'; readonly step: Step }
  | { readonly kind: 'clear-tables' }
  | { readonly kind: 'side-ram'; readonly present: boolean }
  | Resume

/** The action of a kind. */
export type ActionOf<K extends Action['kind'], A extends Action = Action> = A extends Action
  ? K extends A['kind']
    ? A
    : never
  : never

/** The machine is saved and goes on in another VM with its RAM, or, after a reset, in this one. */
export interface Resume {
  readonly kind: 'resume'
  readonly where: 'new-vm' | 'after-reset'
  /** The order in which the registers are written before the tables are restored. */
  readonly order: readonly (typeof RESTORE_ORDER)[number][]
  readonly lpisFirst: boolean
  readonly save: boolean
}

export interface RandomCase {
  readonly setting: Setting
  readonly actions: readonly Action[]
}

const its = fc.nat(ITS_LIMIT - 1)
const cpu = fc.nat(VCPU_LIMIT - 1)
const TRANSLATER = 0x10040

const setting: fc.Arbitrary<Setting> = fc.record({
  vcpus: fc.integer({ min: 1, max: VCPU_LIMIT }),
  itses: fc
    .array(fc.record({ indirect: fc.boolean(), pages: fc.constantFrom(1, 1, 1, 2) }), {
      minLength: ITS_LIMIT,
      maxLength: ITS_LIMIT,
      size: 'max',
    })
    .chain((all) => fc.constantFrom(1, 1, 1, 1, 2, 2, 3).map((count) => all.slice(0, count))),
  idBits: fc.constantFrom(16, 16, 16, 14),
  queuePages: fc.constantFrom(1, 1, 2, 16),
  sideRam: fc.boolean(),
  furnished: fc.constantFrom(true, true, true, false),
  guest: fc.constantFrom(true, false, false),
})

const burst: fc.Arbitrary<Action> = fc.record({
  kind: fc.constant('commands' as const),
  its,
  list: fc.array(queuedCommand, { minLength: 1, maxLength: 12, size: 'max' }),
})

const msi: fc.Arbitrary<Action> = fc.record({
  kind: fc.constant('msi' as const),
  its,
  deviceId,
  eventId,
  offset: fc.constantFrom(...Array(12).fill(TRANSLATER), 0, TRANSLATER + 4, ITS_FRAME_BYTES),
  flags: fc.constantFrom(...Array(12).fill(1), 0, 2),
})

const onIts = <K extends 'save' | 'reset' | 'init' | 'restore' | 'registers'>(kind: K) =>
  fc.record({ kind: fc.constant(kind), its })

const resume: fc.Arbitrary<Action> = fc.record({
  kind: fc.constant('resume' as const),
  where: fc.constantFrom('new-vm' as const, 'new-vm' as const, 'after-reset' as const),
  order: fc.oneof(
    { weight: 3, arbitrary: fc.constant(RESTORE_ORDER) },
    { weight: 1, arbitrary: fc.shuffledSubarray([...RESTORE_ORDER], { minLength: 4 }) },
  ),
  lpisFirst: fc.constantFrom(true, true, true, false),
  save: fc.constantFrom(true, true, true, false),
})

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 30, arbitrary: burst },
  { weight: 12, arbitrary: msi },
  { weight: 6, arbitrary: onIts('save') },
  { weight: 3, arbitrary: fc.constant({ kind: 'save-pending' as const }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'acknowledge' as const }) },
  { weight: 1, arbitrary: onIts('init') },
  { weight: 2, arbitrary: onIts('reset') },
  { weight: 3, arbitrary: onIts('restore') },
  { weight: 1, arbitrary: onIts('registers') },
  { weight: 7, arbitrary: itsRegisterWrite.map((write) => ({ kind: 'its-write' as const, ...write })) },
  { weight: 4, arbitrary: redistributorWrite.map((write) => ({ kind: 'redistributor-write' as const, ...write })) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('redistributor-read' as const),
      cpu,
      reg: fc.constantFrom('GICR_CTLR', 'GICR_PROPBASER', 'GICR_PENDBASER'),
    }),
  },
  { weight: 10, arbitrary: planted.map((step) => ({ kind: 'plant' as const, step })) },
  { weight: 1, arbitrary: fc.constant({ kind: 'clear-tables' as const }) },
  { weight: 1, arbitrary: fc.boolean().map((present) => ({ kind: 'side-ram' as const, present })) },
  { weight: 5, arbitrary: resume },
)

/** A random machine and its history. */
export const randomCase: fc.Arbitrary<RandomCase> = fc.noBias(
  fc.record({ setting, actions: fc.array(action, { minLength: 3, maxLength: 24, size: 'max' }) }),
)
