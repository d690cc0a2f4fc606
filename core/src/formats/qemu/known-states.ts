import { VGIC_V3_MAX_CPUS } from '../../abi/index.ts'
import { latin1 } from '../stream-reader.ts'
import { configBytes, u16 } from './pci-config.ts'
import { msixVectors } from './pci-function.ts'
import { isPciFunction } from './requester-id.ts'
import { SECTION } from './section.ts'
import { type Description, type Field, type Subsection, stateBytes, subsectionHeaderBytes } from './vmdescription.ts'

/** Fields one after the other: name, bytes of an element, elements. */
type Layout = readonly (readonly [name: string, bytes: number, count?: number])[]

const fieldsOf = (layout: Layout): Field[] => layout.map(([name, bytes, count = 1]) => fieldOf(name, bytes, { count }))
const fieldOf = (name: string, bytes: number, more: Partial<Field> = {}): Field => ({
  name,
  type: '',
  bytes,
  count: 1,
  struct: undefined,
  ...more,
})

const NOTHING: Description = { fields: [], subsections: [] }

/** What QEMU saves of a GICv3, since 2.9. @source QEMU hw/intc/arm_gicv3_common.c, vmstate_gicv3 and vmstate_gicv3_cpu */
const gic: { readonly [part in 'distributor' | 'redistributor']: Layout } = {
  distributor: [
    ['gicd_ctlr', 4],
    ['gicd_statusr', 4, 2],
    ['group', 4, 32],
    ['grpmod', 4, 32],
    ['enabled', 4, 32],
    ['pending', 4, 32],
    ['active', 4, 32],
    ['level', 4, 32],
    ['edge_trigger', 4, 32],
    ['gicd_ipriority', 1, 1020],
    ['gicd_irouter', 8, 1020],
    ['gicd_nsacr', 4, 64],
  ],
  redistributor: [
    ['level', 4],
    ['gicr_ctlr', 4],
    ['gicr_statusr', 4, 2],
    ['gicr_waker', 4],
    ['gicr_propbaser', 8],
    ['gicr_pendbaser', 8],
    ['gicr_igroupr0', 4],
    ['gicr_ienabler0', 4],
    ['gicr_ipendr0', 4],
    ['gicr_iactiver0', 4],
    ['edge_trigger', 4],
    ['gicr_igrpmodr0', 4],
    ['gicr_nsacr', 4],
    ['gicr_ipriorityr', 1, 32],
    ['icc_ctlr_el1', 8, 2],
    ['icc_pmr_el1', 8],
    ['icc_bpr', 8, 3],
    ['icc_apr', 8, 12],
    ['icc_igrpen', 8, 3],
    ['icc_ctlr_el3', 8],
  ],
}

/** What may follow in parts of its own, by their names; of each only its length matters. */
const gicParts: Readonly<Record<string, number>> = {
  'arm_gicv3_cpu/virt': 240,
  'arm_gicv3_cpu/sre_el1': 8,
  'arm_gicv3_cpu/gicv4': 16,
  'arm_gicv3_cpu/nmi': 4,
  'arm_gicv3/gicd_no_migration_shift_bug': 1,
  'arm_gicv3/gicd_nmi': 128,
  'arm_gicv3/gicd_typer2': 4,
}

/**
 * The state of a GICv3 from `start` on, with as many redistributors as there are until its footer. No guest can write what would
 * end it before: a redistributor begins with the levels of its lines. Undefined where it has another layout.
 */
export function describeGic(
  bytes: Uint8Array,
  start: number,
  isFooter: (at: number) => boolean,
): { readonly description: Description; readonly bytes: number } | undefined {
  const fields = fieldsOf(gic.distributor)
  let at = start + stateBytes({ fields, subsections: [] })
  for (let vcpu = 0; vcpu < VGIC_V3_MAX_CPUS; vcpu++) {
    const redistributor = { fields: fieldsOf(gic.redistributor), subsections: [] as Subsection[] }
    at += stateBytes(redistributor)
    if (at > bytes.length) return undefined
    at = partsOf(bytes, at, 'arm_gicv3_cpu/', redistributor.subsections)
    fields.push(fieldOf('cpu', stateBytes(redistributor), { struct: redistributor }))
    const subsections: Subsection[] = []
    const end = partsOf(bytes, at, 'arm_gicv3/', subsections)
    if (isFooter(end)) return { description: { fields, subsections }, bytes: end - start }
  }
  return undefined
}

/** Reads the known parts from `at` on into `subsections`, and tells where they end. */
function partsOf(bytes: Uint8Array, at: number, prefix: string, subsections: Subsection[]): number {
  let end = at
  for (;;) {
    const name = partNameAt(bytes, end)
    const size = name?.startsWith(prefix) && Object.hasOwn(gicParts, name) ? gicParts[name] : undefined
    if (name === undefined || size === undefined) return end
    const part = { name, fields: [fieldOf(name, size)], subsections: [] }
    subsections.push(part)
    end += subsectionHeaderBytes(part) + size
  }
}

function partNameAt(bytes: Uint8Array, at: number): string | undefined {
  if (bytes[at] !== SECTION.subsection) return undefined
  return latin1(bytes.subarray(at + 2, at + 2 + (bytes[at + 1] ?? 0)))
}

/** What is known of a device's state by its name and version; without fields where nothing is. */
export function describeState(name: string, version: number, state: Uint8Array): Description {
  if (isPciFunction(name)) return pciFunction(name, state)
  if (name === 'cpu' && version === 22) return cpu(state)
  const layout = layouts[name]
  const fits =
    layout !== undefined &&
    version === layout.version &&
    isWhole(name, state, stateBytes({ fields: fieldsOf(layout.fields), subsections: [] }))
  return fits ? { fields: fieldsOf(layout.fields), subsections: [] } : NOTHING
}

/** Of devices whose fields have fixed lengths. */
const layouts: Readonly<Record<string, { readonly version: number; readonly fields: Layout }>> = {
  /** @source QEMU hw/intc/arm_gicv3_its_common.c, vmstate_its */
  arm_gicv3_its: {
    version: 0,
    fields: [
      ['ctlr', 4],
      ['iidr', 4],
      ['cbaser', 8],
      ['cwriter', 8],
      ['creadr', 8],
      ['baser', 8, 8],
    ],
  },
  /** @source QEMU hw/arm/smmuv3.c, vmstate_smmuv3 */
  smmuv3: {
    version: 1,
    fields: [
      ['features', 4],
      ['sid_size', 1],
      ['sid_split', 1],
      ['cr', 4, 3],
      ['cr0ack', 4],
      ['statusr', 4],
      ['irq_ctrl', 4],
      ['gerror', 4],
      ['gerrorn', 4],
      ['gerror_irq_cfg0', 8],
      ['gerror_irq_cfg1', 4],
      ['gerror_irq_cfg2', 4],
      ['strtab_base', 8],
      ['strtab_base_cfg', 4],
      ['eventq_irq_cfg0', 8],
      ['eventq_irq_cfg1', 4],
      ['eventq_irq_cfg2', 4],
      ['cmdq', 17],
      ['eventq', 17],
    ],
  },
}

/** The state ends there, or goes on with a part whose name begins with the device's. */
const isWhole = (name: string, state: Uint8Array, end: number): boolean =>
  end === state.length || (end < state.length && partNameAt(state, end)?.startsWith(`${name}/`) === true)

/** @source QEMU target/arm/machine.c, vmstate_arm_cpu */
const cpuLayout: { readonly [part in 'before' | 'after']: Layout } = {
  before: [
    ['env.regs', 4, 16],
    ['env.xregs', 8, 32],
    ['env.pc', 8],
    ['cpsr', 4],
    ['env.spsr', 4],
    ['env.banked_spsr', 8, 8],
    ['env.banked_r13', 4, 8],
    ['env.banked_r14', 4, 8],
    ['env.usr_regs', 4, 5],
    ['env.fiq_regs', 4, 5],
    ['env.elr_el', 8, 4],
    ['env.sp_el', 8, 4],
    ['cpreg_vmstate_array_len', 4],
  ],
  after: [
    ['env.exclusive_addr', 8],
    ['env.exclusive_val', 8],
    ['env.exclusive_high', 8],
    ['unused', 8],
    ['env.exception.syndrome', 4],
    ['env.exception.fsr', 4],
    ['env.exception.vaddress', 8],
    ['gt_timer', 8, 2],
    ['power_state', 1],
  ],
}

/** Between them are the system registers, as many as the field before them says: their numbers, then their values. */
function cpu(state: Uint8Array): Description {
  const before = fieldsOf(cpuLayout.before)
  const start = stateBytes({ fields: before, subsections: [] })
  if (start > state.length) return NOTHING
  const count = new DataView(state.buffer, state.byteOffset, state.byteLength).getUint32(start - 4)
  const registers = fieldsOf([
    ['cpreg_vmstate_indexes', 8, count],
    ['cpreg_vmstate_values', 8, count],
  ])
  const fields = [...before, ...registers, ...fieldsOf(cpuLayout.after)]
  return isWhole('cpu', state, stateBytes({ fields, subsections: [] })) ? { fields, subsections: [] } : NOTHING
}

/** The version of a PCI function's state, and what is behind its configuration space. */
const PCI = { version: 2, versionBytes: 4, pinsBytes: 16, smallestConfig: 256 } as const
const VIRTIO = { vendor: 0x1af4, first: 0x1000, end: 0x1080 } as const
/** Functions whose MSI-X table comes right behind their configuration space, and those that have it last. */
const TABLE_FIRST = /\/(e1000e|nvme)$/
const TABLE_LAST = /\/pcie-root-port$/
const AER_LOG = { head: 4, entry: 40 } as const

/**
 * Any function begins with its configuration space, and virtio's is told by its ids. Where the MSI-X table is, is known of a few that were
 * held against their descriptions; of other functions that have one nothing is read.
 *
 * @source QEMU hw/pci/pci.c, vmstate_pci_device; hw/pci/msix.c, vmstate_msix; hw/pci/pcie_aer.c, vmstate_pcie_aer_log; hw/pci-bridge/gen_pcie_root_port.c
 */
function pciFunction(name: string, state: Uint8Array): Description {
  const { versionBytes, pinsBytes, smallestConfig } = PCI
  if (state.length < versionBytes + smallestConfig + pinsBytes) return NOTHING
  const config = state.subarray(versionBytes)
  const [vendor, device] = [u16(config, 0), u16(config, 2)]
  if (vendor === VIRTIO.vendor && device >= VIRTIO.first && device < VIRTIO.end) {
    return { fields: [fieldOf('virtio', state.length, { type: 'virtio' })], subsections: [] }
  }
  const view = new DataView(state.buffer, state.byteOffset, state.byteLength)
  if (view.getUint32(0) !== PCI.version) return NOTHING
  const bytes = configBytes(config)
  const end = versionBytes + bytes + pinsBytes
  if (end > state.length) return NOTHING
  const head = [
    fieldOf('version_id', versionBytes),
    fieldOf('config', bytes, { type: 'pci config' }),
    fieldOf('irq_state', pinsBytes),
  ]
  const vectors = msixVectors(config)
  if (vectors === 0) return { fields: head, subsections: [] }
  const tableBytes = vectors * 16 + Math.ceil(vectors / 8)
  const table = fieldOf('msix', tableBytes, { type: 'msix state' })
  const between = state.length - end - tableBytes
  if (between === 0 || (between > 0 && TABLE_FIRST.test(name))) return { fields: [...head, table], subsections: [] }
  const log = AER_LOG.head + AER_LOG.entry * view.getUint16(end)
  if (between !== log || !TABLE_LAST.test(name)) return NOTHING
  return { fields: [...head, fieldOf('aer_log', log), table], subsections: [] }
}
