import { affinityOf, FIRST_LPI, GICR, GICR_CTLR, GICR_PENDBASER, GICR_PROPBASER, GICR_TYPER } from '../abi/index.ts'
import { attempt } from '../memory/index.ts'
import { Frame, type Register } from './frame.ts'
import type { Gic } from './gic.ts'
import { privateRegisters } from './private-registers.ts'
import type { RedistributorPort } from './redistributor-port.ts'
import { HIGH_ADDRESS, keep, knownAddress, sanitise, without } from './sanitise.ts'

const KVM_IIDR = 0x4b00_043bn
/** PIDR2: GICv3. */
const PIDR2 = 0x3bn
const ID_REGISTERS_FROM = 0xffd0

const registers: Readonly<Record<string, Register<RedistributorPort>>> = {
  GICR_CTLR: {
    at: GICR.CTLR,
    size: 4,
    doc: 'EnableLPIs; ignored in a VM without an ITS.',
    read: ({ gic, vcpu }) => {
      const hasInv = !gic.quirks['no-lpi-invalidate-registers']
      return GICR_CTLR.pack({ enableLpis: gic.redistributors[vcpu]!.enableLpis, ces: hasInv, ir: hasInv })
    },
    write: ({ gic, vcpu }, value) => {
      if (gic.itsEvents.length > 0) gic.setEnableLpis(vcpu, GICR_CTLR.unpack(value).enableLpis)
    },
  },
  GICR_IIDR: { at: GICR.IIDR, size: 4, doc: 'Product and implementer.', read: () => KVM_IIDR },
  GICR_TYPER: {
    at: GICR.TYPER,
    size: 8,
    doc: 'Processor number, affinity, whether LPIs exist.',
    read: (port) => typer(port, isLast(port)),
    save: (port) => typer(port, isLast(port) && !port.gic.quirks['redistributor-last-hidden']),
  },
  GICR_STATUSR: { at: GICR.STATUSR, size: 4, doc: 'Not implemented.', read: () => 0n },
  GICR_WAKER: { at: GICR.WAKER, size: 4, doc: 'Not implemented.', read: () => 0n },
  GICR_PROPBASER: {
    at: GICR.PROPBASER,
    size: 8,
    doc: 'The LPI configuration table, one for the VM. Ignored while this redistributor has LPIs enabled.',
    read: ({ gic }) => gic.propbaser,
    write: ({ gic, vcpu }, value) => {
      if (gic.redistributors[vcpu]!.enableLpis) return
      gic.setPropbaser(stored(value, GICR_PROPBASER.fields, gic))
    },
  },
  GICR_PENDBASER: {
    at: GICR.PENDBASER,
    size: 8,
    doc: 'The LPI pending table; PTZ reads as 0. Ignored while LPIs are enabled.',
    read: ({ gic, vcpu }) => without(gic.redistributors[vcpu]!.pendbaser, GICR_PENDBASER.fields.ptz),
    stored: ({ gic, vcpu }) => gic.redistributors[vcpu]!.pendbaser,
    write: ({ gic, vcpu }, value) => {
      if (gic.redistributors[vcpu]!.enableLpis) return
      gic.setPendbaser(vcpu, stored(value, GICR_PENDBASER.fields, gic))
    },
  },
  GICR_SYNCR: { at: GICR.SYNCR, size: 4, doc: 'Busy: never.', read: () => 0n },
}

/** Their upper halves are for vPEs, which KVM's guests have not. */
const invalidation: Readonly<Record<string, Register<RedistributorPort>>> = {
  GICR_INVLPIR: {
    at: GICR.INVLPIR,
    size: 8,
    lowerHalfOnly: true,
    doc: 'INTID whose configuration is reread, as INV does. Ignored while LPIs are disabled.',
    read: () => 0n,
    write: ({ gic, vcpu }, value) => {
      const intid = Number(value & 0xffffffffn)
      const lpi = intid < FIRST_LPI ? 0 : gic.lpis.find(intid)
      if (lpi !== 0 && canInvalidate(gic, vcpu)) attempt(() => gic.reconfigure(lpi))
    },
  },
  GICR_INVALLR: {
    at: GICR.INVALLR,
    size: 8,
    lowerHalfOnly: true,
    doc: 'Rereads the configuration of all LPIs of this redistributor, as INVALL does.',
    read: () => 0n,
    write: ({ gic, vcpu }) => {
      if (canInvalidate(gic, vcpu)) gic.reconfigureAll(vcpu)
    },
  },
}

/** The registers of a redistributor, RD_base and SGI_base. @source vgic-mmio-v3.c vgic_v3_rd_registers */
export const redistributorFrame = new Frame<RedistributorPort>({
  ...registers,
  ...invalidation,
  ...idRegisters(),
  ...privateRegisters,
})

function canInvalidate(gic: Gic, vcpu: number): boolean {
  return gic.redistributors[vcpu]!.enableLpis && !gic.quirks['no-lpi-invalidate-registers']
}

function idRegisters(): Record<string, Register<RedistributorPort>> {
  const found: Record<string, Register<RedistributorPort>> = {}
  for (let at = ID_REGISTERS_FROM; at < 0x10000; at += 4) {
    const value = at === GICR.PIDR2 ? PIDR2 : 0n
    found[`GICR_ID_${at.toString(16)}`] = { at, size: 4, doc: 'Identification.', read: () => value }
  }
  return found
}

const isLast = ({ gic, vcpu }: RedistributorPort): boolean => vcpu === gic.redistributors.length - 1

function typer({ gic, vcpu }: RedistributorPort, last: boolean): bigint {
  const { vcpuId } = gic.redistributors[vcpu]!
  const plpis = gic.itsEvents.length > 0
  return GICR_TYPER.pack({ plpis, last, processorNumber: vcpuId & 0xffff, affinity: affinityOf(vcpuId) })
}

/** What KVM keeps of a table's register. */
const stored = (value: bigint, fields: typeof GICR_PROPBASER.fields | typeof GICR_PENDBASER.fields, { quirks }: Gic): bigint =>
  knownAddress(keep(sanitise(value, fields, quirks), fields), HIGH_ADDRESS, quirks)
