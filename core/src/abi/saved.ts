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
