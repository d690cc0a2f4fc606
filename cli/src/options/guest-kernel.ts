import type { InspectOptions } from '@vits/core'
import { flag } from './option.ts'

/** Ask the guest's own kernel in any case. */
export const guestKernel = flag(
  '--guest-kernel',
  'search all RAM for the list of devices that the guest’s kernel keeps (without: when the queue does not tell all)',
)

/** What the flag means for an inspection. */
export const askingKernel = (always: boolean): Pick<InspectOptions, 'guestKernel'> => ({
  guestKernel: always ? 'always' : 'needed',
})
