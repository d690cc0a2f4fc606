import fc from 'fast-check'

/** What a guest does next, or what is done to it. */
export type Deed =
  | { readonly does: 'bind' | 'rebind'; readonly device: number; readonly events: number }
  | { readonly does: 'unbind'; readonly device: number }
  /** A driver that is bound sets up one vector more, or frees one; or an interrupt is moved to the other vCPU. */
  | { readonly does: 'allocate' | 'free' | 'move'; readonly device: number; readonly vector: number }
  /** `restart`: the ITS is disabled, queue and tables are set up anew where they were, and all that is bound is mapped again; `reset`: the same after CTRL_RESET. */
  | { readonly does: 'restart' | 'reset' }
  | { readonly does: 'suspend' }
  /** The host suspends the VM and lets it go on. */
  | { readonly does: 'save' }

/** The deed of a kind. */
export type DeedOf<K extends Deed['does'], D extends Deed = Deed> = D extends Deed ? (K extends D['does'] ? D : never) : never

const device = fc.constantFrom(0, 8, 9, 16, 24, 0x100, 0x200, 0x1008)
const vector = fc.nat(7)

export const deeds: fc.Arbitrary<readonly Deed[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ does: fc.constantFrom('bind', 'rebind'), device, events: fc.integer({ min: 1, max: 6 }) }),
    },
    { weight: 3, arbitrary: fc.record({ does: fc.constant('unbind'), device }) },
    { weight: 5, arbitrary: fc.record({ does: fc.constantFrom('allocate', 'free', 'move'), device, vector }) },
    { weight: 2, arbitrary: fc.constant({ does: 'save' }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constantFrom('restart', 'reset', 'suspend') }) },
  ) as fc.Arbitrary<Deed>,
  { minLength: 1, maxLength: 60, size: 'max' },
)
