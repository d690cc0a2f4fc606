import { GITS_TRANSLATER, ITS_FRAME_BYTES } from '@vits/core/abi'
import { type Hex, type QueuedCommand, qemuRegisterOrder, type RestoredRegister, type Step } from '@vits/core/conformance'
import fc from 'fast-check'
import { ITS_LIMIT, LARGEST_TABLE, VCPU_LIMIT } from './places.ts'
import { planted } from './planted.ts'
import { deviceId, eventId, queuedCommand } from './queue-commands.ts'
import { itsRegisterWrite, redistributorWrite, type TableChoice } from './register-values.ts'

/** How a random machine is made. */
export interface Setting {
  /** The ids of the vCPUs, in the order they are created. */
  readonly vcpuIds: readonly number[]
  readonly itses: readonly TableChoice[]
  /** INTID bits of GICR_PROPBASER. */
  readonly idBits: number
  readonly queuePages: number
  readonly sideRam: boolean
  /** Each ITS starts with collections, devices and events, as of a guest that has booted. */
  readonly furnished: boolean
  /** The first vCPU has guest code that takes interrupts when it is let run. */
  readonly guest: boolean
}

/** Where an MSI is written, in the frame of the ITS, and KVM_SIGNAL_MSI's flags. */
export interface MsiForm {
  readonly offset: number
  readonly flags: number
}

/** One thing that happens to it. An ITS or vCPU it has not is taken modulo those it has. */
export type Action =
  | { readonly kind: 'commands'; readonly its: number; readonly list: readonly QueuedCommand[] }
  /** The same MSI once or several times: a later one may find a cached translation. */
  | {
      readonly kind: 'msi'
      readonly its: number
      readonly deviceId: number
      readonly eventId: number
      readonly sent: readonly MsiForm[]
    }
  | { readonly kind: 'save'; readonly its: number }
  | { readonly kind: 'save-pending' | 'acknowledge' | 'clear-tables' }
  | { readonly kind: 'reset' | 'init' | 'restore' | 'registers'; readonly its: number }
  /** `disabled`: the ITS is disabled around the write, which it would ignore otherwise. */
  | { readonly kind: 'its-write'; readonly its: number; readonly reg: string; readonly value: Hex; readonly disabled: boolean }
  | { readonly kind: 'redistributor-write'; readonly cpu: number; readonly reg: string; readonly value: Hex }
  | { readonly kind: 'redistributor-read'; readonly cpu: number; readonly reg: string }
  /** A vCPU's LPIs are disabled and enabled again; `value` is what GICR_PENDBASER gets between. */
  | { readonly kind: 'lpis-off-and-on'; readonly cpu: number; readonly ptz: boolean }
  | { readonly kind: 'plant'; readonly steps: readonly Step[] }
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
  readonly order: readonly RestoredRegister[]
  readonly lpisFirst: boolean
  readonly save: boolean
  /** What gets into the tables after the save. */
  readonly planted: readonly Step[]
}

export interface RandomCase {
  readonly setting: Setting
  readonly actions: readonly Action[]
}

const its = fc.nat(ITS_LIMIT - 1)
const cpu = fc.nat(VCPU_LIMIT - 1)
const allVcpuIds = Array.from({ length: VCPU_LIMIT }, (_, n) => n)
/** One time in so many. */
const rarely = (times: number) => fc.nat(times - 1).map((n) => n === 0)

const vcpuIds = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: VCPU_LIMIT }).map((count) => allVcpuIds.slice(0, count)) },
  { weight: 1, arbitrary: fc.shuffledSubarray(allVcpuIds, { minLength: 1 }) },
)

/** Nine pages hold more devices than there are DeviceIDs, and reach into the tables behind. */
const table: fc.Arbitrary<TableChoice> = fc.record({
  indirect: fc.boolean(),
  pages: fc.oneof(
    { weight: 60, arbitrary: fc.constantFrom(1, 1, 1, 1, 1, 2) },
    { weight: 1, arbitrary: fc.constant(LARGEST_TABLE) },
  ),
})

const setting: fc.Arbitrary<Setting> = fc.record({
  vcpuIds,
  itses: fc
    .array(table, { minLength: ITS_LIMIT, maxLength: ITS_LIMIT, size: 'max' })
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

const translater: MsiForm = { offset: GITS_TRANSLATER, flags: 1 }
const msiForm: fc.Arbitrary<MsiForm> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(translater) },
  {
    weight: 1,
    arbitrary: fc.record({
      offset: fc.constantFrom(GITS_TRANSLATER, 0, GITS_TRANSLATER + 4, ITS_FRAME_BYTES),
      flags: fc.constantFrom(0, 0, 1, 2),
    }),
  },
)

const msi: fc.Arbitrary<Action> = fc.record({
  kind: fc.constant('msi' as const),
  its,
  deviceId,
  eventId,
  sent: fc.oneof(
    { weight: 3, arbitrary: fc.tuple(msiForm) },
    { weight: 1, arbitrary: msiForm.map((form) => [translater, form, translater]) },
  ),
})

const onIts = <K extends 'save' | 'reset' | 'init' | 'restore' | 'registers'>(kind: K) =>
  fc.record({ kind: fc.constant(kind), its })
const plain = <K extends 'save-pending' | 'acknowledge' | 'clear-tables'>(kind: K) => fc.constant({ kind })

const resume: fc.Arbitrary<Action> = fc.record({
  kind: fc.constant('resume' as const),
  where: fc.constantFrom('new-vm' as const, 'new-vm' as const, 'after-reset' as const),
  order: fc.oneof(
    { weight: 3, arbitrary: fc.constant(qemuRegisterOrder) },
    { weight: 1, arbitrary: fc.shuffledSubarray([...qemuRegisterOrder], { minLength: 4 }) },
  ),
  lpisFirst: fc.constantFrom(true, true, true, false),
  save: fc.constantFrom(true, true, true, false),
  planted: fc.oneof(fc.constant([]), fc.array(planted, { minLength: 1, maxLength: 4, size: 'max' })),
})

const itsWrite: fc.Arbitrary<Action> = fc
  .tuple(itsRegisterWrite, fc.boolean())
  .map(([write, disabled]) => ({ kind: 'its-write', ...write, disabled }))

const redistributorRead: fc.Arbitrary<Action> = fc.record({
  kind: fc.constant('redistributor-read' as const),
  cpu,
  reg: fc.constantFrom('GICR_CTLR', 'GICR_PROPBASER', 'GICR_PENDBASER'),
})

const plants: fc.Arbitrary<Action> = fc.record({
  kind: fc.constant('plant' as const),
  steps: fc.array(planted, { minLength: 1, maxLength: 3, size: 'max' }),
})

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 30, arbitrary: burst },
  { weight: 12, arbitrary: msi },
  { weight: 6, arbitrary: onIts('save') },
  { weight: 3, arbitrary: plain('save-pending') },
  { weight: 4, arbitrary: plain('acknowledge') },
  { weight: 1, arbitrary: plain('clear-tables') },
  { weight: 1, arbitrary: onIts('init') },
  { weight: 2, arbitrary: onIts('reset') },
  { weight: 3, arbitrary: onIts('restore') },
  { weight: 1, arbitrary: onIts('registers') },
  { weight: 7, arbitrary: itsWrite },
  { weight: 4, arbitrary: redistributorWrite.map((write) => ({ kind: 'redistributor-write' as const, ...write })) },
  { weight: 1, arbitrary: redistributorRead },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('lpis-off-and-on' as const), cpu, ptz: rarely(4) }) },
  { weight: 8, arbitrary: plants },
  { weight: 1, arbitrary: fc.boolean().map((present) => ({ kind: 'side-ram' as const, present })) },
  { weight: 6, arbitrary: resume },
)

/** A random machine and its history. */
export const randomCase: fc.Arbitrary<RandomCase> = fc.noBias(
  fc.record({ setting, actions: fc.array(action, { minLength: 3, maxLength: 24, size: 'max' }) }),
)
