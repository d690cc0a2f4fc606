import { GICD, GICD_CTLR, GICD_TYPER, GICD_TYPER2 } from '../abi/index.ts'
import { Frame } from './frame.ts'
import type { Gic } from './gic.ts'

/** KVM's third implementation revision of GICv3. */
const IIDR = 0x4b00_343bn
/** INTID bits with and without an ITS. */
const LPI_ID_BITS = 16
const SPI_ID_BITS = 10

/** The registers of the distributor that concern LPIs and SGIs: all the others are about SPIs, and not here. @source vgic-mmio-v3.c */
export const distributorFrame = new Frame<Gic>({
  GICD_CTLR: {
    at: GICD.CTLR,
    size: 4,
    doc: 'EnableGrp1: while it is 0, an interrupt that becomes pending is not queued for its vCPU.',
    read: ({ lpis, directSgis }) => {
      const nassgiReq = directSgis?.requested ?? false
      return GICD_CTLR.pack({ enableGrp1: lpis.delivering, areNs: true, ds: true, nassgiReq })
    },
    write: writeControl,
    restore: ({ lpis, directSgis }, value) => {
      const { enableGrp1, nassgiReq } = GICD_CTLR.unpack(value)
      lpis.delivering = enableGrp1
      directSgis?.restoreRequest(nassgiReq)
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
  GICD_TYPER2: {
    at: GICD.TYPER2,
    size: 4,
    doc: 'Whether GICD_CTLR.nASSGIreq can be set.',
    read: ({ directSgis }) => GICD_TYPER2.pack({ nassgiCap: directSgis !== undefined }),
  },
  GICD_IIDR: { at: GICD.IIDR, size: 4, doc: 'Product and implementer.', read: () => IIDR },
})

/** nASSGIreq can change only together with EnableGrp1, or while that is 0. */
function writeControl({ lpis, directSgis }: Gic, value: bigint): void {
  const { enableGrp1, nassgiReq } = GICD_CTLR.unpack(value)
  const wasEnabled = lpis.delivering
  lpis.delivering = enableGrp1
  if (directSgis === undefined) return
  if (!(wasEnabled && enableGrp1)) directSgis.request(nassgiReq)
  if (wasEnabled !== enableGrp1) directSgis.groupsChanged()
}
