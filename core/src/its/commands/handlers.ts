import { type CommandName, commands } from '../../abi/index.ts'
import { discard } from './discard.ts'
import { clear, int } from './int.ts'
import { inv, invall } from './inv.ts'
import { mapc } from './mapc.ts'
import { mapd } from './mapd.ts'
import { mapi, mapti } from './mapti.ts'
import { movall } from './movall.ts'
import { movi } from './movi.ts'
import type { Handler } from './operands.ts'

/** What each command of GICv3 does. KVM's virtual ITS has no GICv4 commands: it takes them for unknown ones. */
const byName = {
  MOVI: movi,
  INT: int,
  CLEAR: clear,
  /** KVM executes each command before the next: there is nothing to wait for. */
  SYNC: () => 0,
  MAPD: mapd,
  MAPC: mapc,
  MAPTI: mapti,
  MAPI: mapi,
  INV: inv,
  INVALL: invall,
  MOVALL: movall,
  DISCARD: discard,
} as const satisfies { readonly [N in CommandName]?: Handler }

/** The handlers by opcode, DW0[7:0]; undefined for an opcode that is skipped. */
export const handlers: readonly (Handler | undefined)[] = Array.from({ length: 256 }, (_, opcode) => {
  const entry = Object.entries(byName).find(([name]) => commands[name as keyof typeof byName].opcode === opcode)
  return entry?.[1]
})
