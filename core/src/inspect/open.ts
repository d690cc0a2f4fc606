import type { GicRegisters } from '../abi/index.ts'
import { type Budget, defaultBudget } from '../budget/index.ts'
import {
  type ByteSource,
  FormatError,
  type MachineFile,
  type OpenOptions,
  openSavedMachine,
  type RamAlone,
  type SavedMachine,
} from '../formats/index.ts'
import { findRegisters } from '../guest-kernel/index.ts'
import type { InspectOptions } from './inspection.ts'

/** What is needed to open any saved machine, dumps included. */
export interface OpenMachineOptions extends OpenOptions, Pick<InspectOptions, 'budget' | 'guestKernel'> {}

/**
 * Opens a saved machine, whatever its format, as `openSavedMachine`. A dump has no registers: they are found in what a Linux guest
 * keeps of them in RAM, all of which is searched as far as the budget goes, or to its end with `guestKernel: 'always'`.
 *
 * @throws FormatError when the files are not a saved machine that can be read, or no registers are found.
 */
export function open(files: ByteSource | readonly MachineFile[], options: OpenMachineOptions = {}): Promise<SavedMachine> {
  const { budget, guestKernel, ...others } = options
  const search = { budget: { ...defaultBudget, ...budget }, everywhere: guestKernel === 'always' }
  return openSavedMachine(files, { findRegisters: (ram, how) => registersIn(ram, { ...search, ...how }), ...others })
}

interface Search extends Pick<OpenOptions, 'progress'> {
  readonly budget: Budget
  readonly everywhere: boolean
}

async function registersIn(ram: RamAlone, search: Search): Promise<GicRegisters> {
  const outcome = await findRegisters(ram, { ...search, vcpus: ram.vcpus })
  if ('found' in outcome) return outcome.found
  const { reason, limit } = outcome.missing
  const searched = limit === undefined ? '' : `; the search ended at a limit of ${limit}`
  throw new FormatError(0, 'a dump of a Linux guest that keeps the registers of its ITS in RAM', `${reason}${searched}`)
}
