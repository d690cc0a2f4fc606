import { GICD, GICD_CTLR, GICD_TYPER } from '../abi/index.ts'
import { Frame } from './frame.ts'
import type { Gic } from './gic.ts'

/** KVM's third implementation revision of GICv3. */
const IIDR = 0x4b00_343bn
/** INTID bits with and without an ITS. */
const LPI_ID_BITS = 16
const SPI_ID_BITS = 10

/** The registers of the distributor that concern LPIs: all the others are about SPIs, and not here. @source vgic-mmio-v3.c */
export const distributorFrame = new Frame<Gic>({
  GICD_CTLR: {
    at: GICD.CTLR,
    size: 4,
    doc: 'EnableGrp1: while it is 0, an LPI that becomes pending is not queued for its vCPU.',
    read: ({ lpis }) => GICD_CTLR.pack({ enableGrp1: lpis.delivering, areNs: true, ds: true }),
    write: ({ lpis }, value) => {
      lpis.delivering = GICD_CTLR.unpack(value).enableGrp1
    },
  },
  GICD_TYPER: {
    at: GICD.TYPER,
    size: 4,
    doc: 'Whether LPIs exist. SPIs are not modelled.',
    read: ({ itsEvents }) => {
      const lpis = itsEvents.length > 0
      return GICD_TYPER.pack({ lpis, idBits: (lpis ? LPI_ID_BITS : SPI_ID_BITS) - 1 })
    },
  },
  GICD_IIDR: { at: GICD.IIDR, size: 4, doc: 'Product and implementer.', read: () => IIDR },
})
