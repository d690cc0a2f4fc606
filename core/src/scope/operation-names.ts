/** What may happen in a history, one step each. */
export const operationRows = {
  MAPC: { does: 'commands', says: 'a collection is mapped to a vCPU' },
  'MAPC again': { does: 'commands', says: 'a mapped collection is mapped to another vCPU' },
  'MAPC V=0': { does: 'commands', says: 'a collection is forgotten' },
  MAPD: { does: 'commands', says: 'a device is mapped to an ITT' },
  'MAPD V=0': { does: 'commands', says: 'a device is unmapped' },
  MAPTI: { does: 'commands', says: 'an event is mapped to an LPI in a collection' },
  MOVI: { does: 'commands', says: 'an event moves to another collection' },
  MOVALL: { does: 'commands', says: 'all LPIs of a vCPU move to another' },
  DISCARD: { does: 'commands', says: 'an event is unmapped' },
  INT: { does: 'commands', says: 'an event becomes pending' },
  CLEAR: { does: 'commands', says: 'an event is pending no more: by CLEAR, or as its vCPU took the interrupt' },
  SAVE: { does: 'save', says: 'the kernel saves the tables, and the VM goes on: a suspend or migration that fails' },
  SEAL: { does: 'save', says: 'the tables are saved by the sealed save, and the VM goes on' },
  RESET: { does: 'reset', says: 'the VM is reset, and its guest gives the ITS zeroed tables' },
  'RESET over old tables': { does: 'reset', says: 'the VM is reset, and its guest gives the ITS the tables as they lie' },
  MIGRATE: { does: 'migrate', says: 'a save, a restore under another kernel, and the VM goes on there' },
  RESTORE: { does: 'restore', says: 'RESTORE_TABLES onto the ITS as it is, with what it has mapped' },
  SCRIBBLE: { does: 'write', says: 'memory that was an ITT and is none becomes other data' },
  'GITS_BASER0 moves': { does: 'baser', says: 'the guest disables the ITS and gives it another device table, zeroed' },
  'GITS_BASER0 back': { does: 'baser', says: 'the guest disables the ITS and gives it the other device table, as it lies' },
  'L1 entry comes': { does: 'write', says: 'a second-level page of zeros is entered in the device table' },
  'L1 entry goes': { does: 'write', says: 'a first-level entry of the device table becomes invalid' },
} as const satisfies Record<string, OperationRow>

interface OperationRow {
  readonly does: Deed
  readonly says: string
}

/** How a step is done: by commands of the queue, by who runs the VM, or by stores of the guest to its RAM. */
export type Deed = 'commands' | 'save' | 'reset' | 'migrate' | 'restore' | 'write' | 'baser'

export type OperationName = keyof typeof operationRows
