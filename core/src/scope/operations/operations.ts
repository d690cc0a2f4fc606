import { Facts } from '../facts.ts'
import { type Guest, guests } from '../guests.ts'
import type { Model } from '../model.ts'
import { commandOperations } from './commands.ts'
import { guestRamOperations } from './guest-ram.ts'
import { hostOperations } from './host.ts'
import type { Ground, Operation } from './operation.ts'

/** Everything that may happen in a model's scope, in the order in which it is tried. */
export function operationsOf(model: Model): readonly Operation[] {
  const guest: Guest = guests[model.scope.guest]
  const names = new Set(model.scope.operations)
  const ground: Ground = { model, facts: new Facts(model), guest, has: (name) => names.has(name) }
  return [...commandOperations(ground), ...hostOperations(ground), ...guestRamOperations(ground)]
}
