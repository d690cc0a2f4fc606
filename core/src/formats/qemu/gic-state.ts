import {
  ICC_CTLR_EL1,
  type ItsRegisters,
  type RedistributorRegisters,
  type SavedIts,
  VGIC_V3_MAX_CPUS,
  VIRT_ITS,
} from '../../abi/index.ts'
import type { Edit } from '../edits.ts'
import { FormatError } from '../format-error.ts'
import { MOST_ITSES } from '../saved-machine.ts'
import type { DeviceState } from './device-state.ts'

/** The ITSes of the `arm_gicv3_its` sections, whose instances count from 0. @throws FormatError for one that is not KVM's. */
export function savedItses(states: readonly DeviceState[]): SavedIts[] {
  return [...states]
    .sort((a, b) => a.instance - b.instance)
    .map((state, n) => {
      if (n === MOST_ITSES) throw new FormatError(state.offset(0), `at most ${MOST_ITSES} ITSes`, `${states.length}`)
      if (state.instance !== n) {
        throw new FormatError(state.offset(0), `instance ${n} of ${state.name}`, `instance ${state.instance}`)
      }
      return { ...itsRegisters(state), base: n === 0 ? VIRT_ITS : undefined }
    })
}

function itsRegisters(state: DeviceState): ItsRegisters {
  const iidr = Number(state.integer('iidr', 4))
  if (iidr === 0) {
    throw new FormatError(
      state.offset(4),
      "GITS_IIDR of KVM's ITS",
      "0: this VM ran on QEMU's own ITS (TCG), whose tables have another format that is not read here",
    )
  }
  const baser = state.integers('baser', 8)
  if (baser.length !== 8) throw new FormatError(state.offset(0), '8 GITS_BASER registers', `${baser.length}`)
  return {
    ctlr: Number(state.integer('ctlr', 4)),
    iidr,
    cbaser: state.integer('cbaser', 8),
    cwriter: state.integer('cwriter', 8),
    creadr: state.integer('creadr', 8),
    baser,
  }
}

/** The redistributors of an `arm_gicv3` section, one per vCPU. */
export function redistributors(state: DeviceState): RedistributorRegisters[] {
  const ctlr = state.integers('cpu.gicr_ctlr', 4)
  const propbaser = state.integers(FIELD.propbaser, 8)
  const pendbaser = state.integers(FIELD.pendbaser, 8)
  const one = propbaser.length === ctlr.length && pendbaser.length === ctlr.length
  if (ctlr.length === 0 || ctlr.length > VGIC_V3_MAX_CPUS || !one) {
    throw new FormatError(state.offset(0), `the registers of 1 to ${VGIC_V3_MAX_CPUS} redistributors`, `${ctlr.length}`)
  }
  return ctlr.map((value, vcpuId) => ({
    vcpuId,
    ctlr: Number(value),
    propbaser: propbaser[vcpuId]!,
    pendbaser: pendbaser[vcpuId]!,
  }))
}

/** The edits of a stream after which its redistributors, whose state is `state`, have the GICR_PROPBASER and GICR_PENDBASER of `to`. */
export function redistributorEdits(state: DeviceState, to: readonly RedistributorRegisters[]): Edit[] {
  return (['propbaser', 'pendbaser'] as const).flatMap((register) => {
    const was = state.integers(FIELD[register], 8)
    return state.offsets(FIELD[register], 8).flatMap((offset, vcpu) => {
      const value = to[vcpu]![register]
      if (value === was[vcpu]) return []
      const insert = new Uint8Array(8)
      new DataView(insert.buffer).setBigUint64(0, value)
      return [{ offset, remove: 8, insert }]
    })
  })
}

const FIELD = { propbaser: 'cpu.gicr_propbaser', pendbaser: 'cpu.gicr_pendbaser' } as const

/** Active priorities: three groups of four registers. */
const APR_WORDS = 12
/** Of ICC_CTLR_EL1 there are two: as the secure world has it and as the other has. */
const CTLR_WORDS = 2

/**
 * Whether each vCPU had taken an interrupt and not said that it was done with it, in the order of the redistributors; undefined where the
 * section does not tell, or the kernel drops priorities early.
 *
 * @source QEMU hw/intc/arm_gicv3_common.c, vmstate_gicv3_cpu; hw/intc/arm_gicv3_kvm.c, kvm_arm_gicv3_get
 */
export function handlingVcpus(state: DeviceState): readonly (boolean | undefined)[] {
  const priorities = state.integers('cpu.icc_apr', 8)
  const controls = state.integers('cpu.icc_ctlr_el1', 8)
  const count = priorities.length / APR_WORDS
  if (controls.length !== count * CTLR_WORDS) return []
  return Array.from({ length: count }, (_, vcpu) => {
    const isEarly = controls.slice(vcpu * CTLR_WORDS, (vcpu + 1) * CTLR_WORDS).some((word) => ICC_CTLR_EL1.unpack(word).eoiMode)
    return isEarly ? undefined : priorities.slice(vcpu * APR_WORDS, (vcpu + 1) * APR_WORDS).some((word) => word !== 0n)
  })
}
