/** The ITS registers that a VMM saves; KVM_DEV_ARM_VGIC_GRP_ITS_REGS reads and writes them. */
export interface ItsRegisters {
  readonly ctlr: number
  readonly iidr: number
  readonly cbaser: bigint
  readonly cwriter: bigint
  readonly creadr: bigint
  /** GITS_BASER0 to GITS_BASER7. */
  readonly baser: readonly bigint[]
}

/** The registers of one redistributor that concern LPIs. */
export interface RedistributorRegisters {
  /** GICR_TYPER's processor number: what RDbase names. */
  readonly vcpuId: number
  readonly ctlr: number
  readonly propbaser: bigint
  readonly pendbaser: bigint
}

/** Everything outside guest RAM that a restore of the LPI side needs. One redistributor per vCPU. */
export interface GicRegisters {
  readonly its: ItsRegisters
  readonly redistributors: readonly RedistributorRegisters[]
}

/** One MSI-X vector as the device model of a saved VM holds it. */
export interface MsixVector {
  /** Where the device writes; a live vector of an ITS has the doorbell here. 0 when unused. */
  readonly address: bigint
  /** What it writes: the EventID. */
  readonly data: number
  /** Masked by its own vector control. */
  readonly masked: boolean
}

/** The interrupts of one PCI function as its device model saved them: a witness of what the guest has mapped. */
export interface MsiFunction {
  /** The section that holds it, as QEMU names it: `0000:00:04.0/virtio-net`. */
  readonly name: string
  /** bus << 8 | device << 3 | function. */
  readonly deviceId: number
  readonly kind: 'MSI-X' | 'MSI'
  /** MSI-X or MSI is enabled in the configuration space, and the function is not masked as a whole. */
  readonly enabled: boolean
  readonly vectors: readonly MsixVector[]
}
