import {
  BASER_TYPE,
  ENTRY_BYTES,
  GITS,
  GITS_BASER,
  GITS_CBASER,
  GITS_CREADR,
  GITS_CTLR,
  GITS_CWRITER,
  GITS_ID_REGISTERS,
  GITS_IIDR,
  GITS_TYPER,
} from '../abi/index.ts'
import { KvmError } from '../memory/index.ts'
import { Frame, type Register } from './frame.ts'
import { COLLECTION_BASER, DEVICE_BASER, type Its, type TableBaser } from './its.ts'
import { runQueue } from './queue.ts'
import { HIGH_ADDRESS, knownAddress, sanitise, without } from './sanitise.ts'

const IIDR = GITS_IIDR.pack({ productId: 0x4b, implementer: 0x43b })
const TYPER = GITS_TYPER.pack({ plpis: true, ittEntrySize: ENTRY_BYTES - 1, idBits: 15, devBits: 15 })
/** KVM takes a queue on a 64 KiB boundary only. */
const CBASER_IGNORED = 0xf000n

const control: Readonly<Record<string, Register<Its>>> = {
  GITS_CTLR: {
    at: GITS.CTLR,
    size: 4,
    doc: 'Enabled; Quiescent. Enabling runs what is queued, and is ignored while a table or the queue is not Valid.',
    read: (its) => GITS_CTLR.pack({ enabled: its.enabled, quiescent: its.creadr === its.cwriter }),
    write: (its, value) => setEnabled(its, GITS_CTLR.unpack(value).enabled),
  },
  GITS_IIDR: {
    at: GITS.IIDR,
    size: 4,
    doc: 'Product, implementer, and the revision of the table ABI, which userspace may choose.',
    read: () => IIDR,
    restore: (_its, value) => {
      const { revision } = GITS_IIDR.unpack(value)
      if (revision !== 0)
        throw new KvmError('EINVAL', `table ABI revision ${revision} is above the newest, 0`, { what: 'GITS_IIDR' })
    },
  },
  GITS_TYPER: { at: GITS.TYPER, size: 8, doc: 'What this ITS can do.', read: () => TYPER },
  GITS_CBASER: {
    at: GITS.CBASER,
    size: 8,
    doc: 'The command queue; a write empties it. Ignored while enabled.',
    read: (its) => its.cbaser,
    write: (its, value) => {
      const { quirks } = its.gic
      const stored = sanitise(value, GITS_CBASER.fields, quirks) & ~CBASER_IGNORED
      if (!its.enabled) its.setCbaser(knownAddress(stored, HIGH_ADDRESS, quirks))
    },
  },
  GITS_CWRITER: {
    at: GITS.CWRITER,
    size: 8,
    doc: 'Where the guest writes the next command; a write runs the queue. Ignored past the end of the queue.',
    read: (its) => BigInt(its.cwriter),
    write: (its, value) => {
      const { offset } = GITS_CWRITER.unpack(value)
      if (offset >= its.queue.bytes) return
      its.cwriter = offset
      runQueue(its)
    },
  },
  GITS_CREADR: {
    at: GITS.CREADR,
    size: 8,
    doc: 'The next command to execute.',
    read: (its) => BigInt(its.creadr),
    restore: (its, value) => {
      if (its.enabled) throw new KvmError('EBUSY', 'the ITS is enabled', { what: 'GITS_CREADR' })
      const { offset } = GITS_CREADR.unpack(value)
      if (offset >= its.queue.bytes) {
        throw new KvmError('EINVAL', `offset ${offset} is past the queue of ${its.queue.bytes} bytes`, { what: 'GITS_CREADR' })
      }
      its.creadr = offset
    },
  },
}

const basers: Readonly<Record<string, Register<Its>>> = {
  GITS_BASER0: {
    at: GITS.BASER0,
    size: 8,
    doc: 'The device table. Ignored while enabled; a change forgets the devices.',
    read: (its) => its.baser(DEVICE_BASER),
    write: (its, value) => {
      const type = GITS_BASER.pack({ type: BASER_TYPE.devices })
      setBaser(its, DEVICE_BASER, value, type)
    },
  },
  GITS_BASER1: {
    at: GITS.BASER1,
    size: 8,
    doc: 'The collection table, always flat. Ignored while enabled; a change forgets the collections.',
    read: (its) => its.baser(COLLECTION_BASER),
    write: (its, value) => {
      const type = GITS_BASER.pack({ type: BASER_TYPE.collections })
      setBaser(its, COLLECTION_BASER, without(value, GITS_BASER.fields.indirect), type)
    },
  },
}

/** The registers of the control page, as guest and userspace see them. @source vgic-its.c its_registers */
export const itsFrame = new Frame<Its>({ ...control, ...basers, ...unusedBasers(), ...idRegisters() })

function setEnabled(its: Its, enabled: boolean): void {
  const ready = its.deviceTable.valid && its.collectionTable.valid && its.queue.valid
  if (enabled && !its.enabled && !ready && !its.gic.quirks['enable-unchecked']) return
  its.enabled = enabled
  if (!enabled) its.forgetTranslations()
  runQueue(its)
}

function setBaser(its: Its, table: TableBaser, value: bigint, type: bigint): void {
  if (its.enabled) return
  const { fields } = GITS_BASER
  const writable = without(value, fields.type, fields.entrySize, fields.pageSize)
  const fixed = GITS_BASER.pack({ entrySize: ENTRY_BYTES - 1, pageSize: 2 })
  const old = its.baser(table)
  const { quirks } = its.gic
  its.setBaser(table, knownAddress(sanitise(writable | type | fixed, fields, quirks), fields.addressHigh, quirks))
  if (its.isBlank || !forgets(its, table, old)) return
  if (table === DEVICE_BASER) its.freeDevices()
  else its.freeCollections()
  its.forgetTranslations()
}

/** Whether a BASER write forgets what is mapped through it. */
function forgets(its: Its, table: TableBaser, old: bigint): boolean {
  const { quirks } = its.gic
  if (quirks['baser-invalid-keeps']) return false
  const now = its.baser(table)
  return quirks['baser-change-keeps'] ? !GITS_BASER.unpack(now).valid : now !== old
}

function unusedBasers(): Record<string, Register<Its>> {
  const numbers = [2, 3, 4, 5, 6, 7]
  const unused = (n: number): Register<Its> => ({ at: GITS.BASER0 + 8 * n, size: 8, doc: 'No table.', read: () => 0n })
  return Object.fromEntries(numbers.map((n) => [`GITS_BASER${n}`, unused(n)]))
}

/** All words from PIDR4 to the end of the page read as something; those without a name as 0. */
function idRegisters(): Record<string, Register<Its>> {
  const registers: Record<string, Register<Its>> = {}
  for (let at: number = GITS_ID_REGISTERS.PIDR4.at; at < 0x10000; at += 4) {
    const known = Object.entries(GITS_ID_REGISTERS).find(([, register]) => register.at === at)
    const value = BigInt(known?.[1].value ?? 0)
    const name = known === undefined ? `GITS_RES0_${at.toString(16)}` : `GITS_${known[0]}`
    registers[name] = { at, size: 4, doc: 'Identification.', read: () => value }
  }
  return registers
}
