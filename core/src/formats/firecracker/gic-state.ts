import { type GicRegisters, hex, type RedistributorRegisters, type SavedIts, VGIC_V3_MAX_CPUS } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { FormatError } from '../format-error.ts'
import { RDIST, type Vmstate } from './vmstate.ts'

type Gic = Vmstate['first']['gic']
type Rdist = Gic['gic_vcpu_states'][number]['rdist']

/** Where the distributor is; redistributors and the ITS lie below it. @source Firecracker src/vmm/src/arch/aarch64/gic/gicv3/mod.rs */
const DISTRIBUTOR = 0x3fff_0000
const REDISTRIBUTOR_BYTES = 0x2_0000
const ITS_BYTES = 0x2_0000

/** No file says where the ITS is: it follows from the number of vCPUs. */
export const itsBase = (vcpus: number): Gpa => (DISTRIBUTOR - vcpus * REDISTRIBUTOR_BYTES - ITS_BYTES) as Gpa

/** The registers that concern LPIs. @throws FormatError where the host's GIC had no ITS. */
export function gicRegisters({ first, start }: Vmstate): GicRegisters {
  const { its_state, gic_vcpu_states } = first.gic
  const vcpus = gic_vcpu_states.length
  if (vcpus === 0 || vcpus > VGIC_V3_MAX_CPUS) {
    throw new FormatError(start, `the registers of 1 to ${VGIC_V3_MAX_CPUS} redistributors`, `${vcpus}`)
  }
  if (its_state === null) throw new FormatError(start, 'the state of an ITS', 'none: the host had a GICv2, which has no ITS')
  const u32 = (name: string, value: bigint): number => {
    if (value >= 2n ** 32n) throw new FormatError(start, `${name} of 32 bits`, hex(value))
    return Number(value)
  }
  const { iidr, cbaser, creadr, cwriter, baser, ctlr } = its_state
  const its: SavedIts = {
    base: itsBase(vcpus),
    ctlr: u32('GITS_CTLR', ctlr),
    iidr: u32('GITS_IIDR', iidr),
    cbaser,
    creadr,
    cwriter,
    baser,
  }
  return { itses: [its], redistributors: gic_vcpu_states.map(({ rdist }, vcpuId) => redistributor(rdist, vcpuId)) }
}

function redistributor(rdist: Rdist, vcpuId: number): RedistributorRegisters {
  const words = (register: keyof typeof RDIST): readonly number[] => rdist[RDIST[register]]!.chunks
  const u64 = ([low, high]: readonly number[]): bigint => (BigInt(high!) << 32n) | BigInt(low!)
  return { vcpuId, ctlr: words('ctlr')[0]!, propbaser: u64(words('propbaser')), pendbaser: u64(words('pendbaser')) }
}

/** The GIC with other GICR_PROPBASER and GICR_PENDBASER. */
export function withRedistributors(gic: Gic, redistributors: readonly RedistributorRegisters[]): Gic {
  const chunks = (value: bigint) => ({ chunks: [Number(value & 0xffff_ffffn), Number(value >> 32n)] })
  const gic_vcpu_states = gic.gic_vcpu_states.map(({ rdist, icc }, vcpu) => {
    const { propbaser, pendbaser } = redistributors[vcpu]!
    const changed = new Map([
      [RDIST.propbaser, chunks(propbaser)],
      [RDIST.pendbaser, chunks(pendbaser)],
    ] as const)
    return { icc, rdist: rdist.map((register, i) => changed.get(i as 2 | 3) ?? register) }
  })
  return { ...gic, gic_vcpu_states }
}
