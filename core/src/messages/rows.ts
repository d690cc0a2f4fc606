import { libvirtMessages } from './libvirt.ts'
import { linuxMessages } from './linux.ts'
import type { MessageRow } from './message.ts'
import { qemuMessages } from './qemu.ts'
import { rustVmmMessages } from './rust-vmms.ts'

/** Every message of a VMM or a kernel that is known here, by its name. Where two know a line, the first of them has it. */
export const messages = {
  ...qemuMessages,
  ...libvirtMessages,
  ...rustVmmMessages,
  ...linuxMessages,
} as const satisfies Readonly<Record<string, MessageRow>>

export type MessageName = keyof typeof messages

export const messageNames = Object.keys(messages) as readonly MessageName[]

/** The row of a message. */
export const messageRow = (name: MessageName): MessageRow => messages[name]
