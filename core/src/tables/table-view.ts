import { GICR_PENDBASER, GICR_PROPBASER, type GicRegisters, savedIts, type TableShape, tableShape } from '../abi/index.ts'

/** The LPI tables of the redistributors, by the addresses their registers hold. */
export interface LpiTables {
  /** The configuration table: byte n - 8192 belongs to LPI n. */
  readonly configuration: number
  /** The pending table of each vCPU, in the order of `vcpuIds`: bit n belongs to LPI n. */
  readonly pending: readonly number[]
}

/** What a table walk must know besides guest RAM: where the tables are and which vCPUs there are. */
export interface TableView {
  readonly deviceTable: TableShape
  readonly collectionTable: TableShape
  /** GICR_TYPER's processor number of each vCPU, in the order the vCPUs were created. */
  readonly vcpuIds: readonly number[]
  /** When given, the walk refuses an LPI whose configuration or pending byte is not in RAM, as KVM does. */
  readonly lpiTables?: LpiTables
}

/** The view that saved registers give of one ITS. KVM has one GICR_PROPBASER for the whole VM. */
export function tableView(registers: GicRegisters, index = 0): TableView {
  const { redistributors } = registers
  const { baser } = savedIts(registers, index)
  return {
    deviceTable: tableShape(baser[0] ?? 0n),
    collectionTable: tableShape(baser[1] ?? 0n),
    vcpuIds: redistributors.map((redistributor) => redistributor.vcpuId),
    lpiTables: {
      configuration: GICR_PROPBASER.unpack(redistributors[0]?.propbaser ?? 0n).address,
      pending: redistributors.map((redistributor) => GICR_PENDBASER.unpack(redistributor.pendbaser).address),
    },
  }
}
