import { COMMAND_BYTES, queueShape, type SavedIts, tableShape } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { LinearMap } from './linear-map.ts'
import { NotTheKernels, type RamReader } from './ram-reader.ts'
import { ITS_BASER, type Structs } from './structs.ts'

/** The registers' copies that the ITS driver keeps, where they were found. */
export interface FoundTables {
  /** `tables` of its_node: eight its_baser. */
  readonly at: Gpa
  readonly map: LinearMap
  /** The size of the kernel's pages; undefined where what it allocated does not tell. */
  readonly pageBytes: number | undefined
}

/**
 * Looks whether the word at `value` is what the driver keeps of an ITS's GITS_BASER0: GITS_BASER1 follows, and both come with the
 * kernel's address of the same table.
 *
 * @throws NotTheKernels
 */
export async function tablesAround(reader: RamReader, its: SavedIts, value: Gpa): Promise<FoundTables> {
  const at = (value - ITS_BASER.val) as Gpa
  const second = at + ITS_BASER.bytes
  await reader.need(at, 2 * ITS_BASER.bytes)
  const [devices = 0n, collections = 0n] = its.baser
  if (reader.u64(value) !== devices || reader.u64(second + ITS_BASER.val) !== collections) {
    throw new NotTheKernels(value, 'no copy of GITS_BASER0 and GITS_BASER1')
  }
  const first = reader.pointer(at)
  const other = reader.pointer(second)
  if (first === undefined || other === undefined) throw new NotTheKernels(at, 'no addresses of the tables')
  const map = new LinearMap(first, tableShape(devices).base)
  if (!map.agrees(other, tableShape(collections).base)) throw new NotTheKernels(at, 'the tables have no common linear map')
  return { at, map, pageBytes: pageBytesOf(reader, at, devices) }
}

/**
 * The driver allocates a table as a power of two of pages, all of which it tells the ITS of.
 *
 * @source Linux drivers/irqchip/irq-gic-v3-its.c, its_setup_baser
 */
function pageBytesOf(reader: RamReader, at: Gpa, baser: bigint): number | undefined {
  const bytes = tableShape(baser).bytes / 2 ** reader.u32(at + ITS_BASER.order)
  return KERNEL_PAGES.find((size) => size === bytes)
}

/** CONFIG_ARM64_4K_PAGES and its like. */
const KERNEL_PAGES = [0x1000, 0x4000, 0x1_0000]

/** What the driver knows of one ITS. */
export interface ItsNode {
  /** its_device_list. */
  readonly list: Gpa
  /** Bytes of commands that the driver has begun to write and not yet told the ITS of: CWRITER is behind them. */
  readonly unsent: number
}

/** A driver tells the ITS of each command and the SYNC or VSYNC after it at once. */
const MOST_UNSENT = 4 * COMMAND_BYTES

/**
 * Reads its_node, and holds it against the registers that the file has of the ITS.
 *
 * @throws NotTheKernels where they differ: what is left of an earlier kernel differs in its queue at least.
 * @source Linux drivers/irqchip/irq-gic-v3-its.c, struct its_node; its_send_single_command, its_allocate_entry
 */
export async function itsNodeAt(reader: RamReader, { at, map }: FoundTables, its: SavedIts, structs: Structs): Promise<ItsNode> {
  const { tables, phys_base, cmd_base, cmd_write, its_device_list } = structs.its_node
  const node = at - tables
  const first = Math.min(...Object.values(structs.its_node))
  await reader.need(node + first, Math.max(...Object.values(structs.its_node)) - first + 16)
  const queue = queueShape(its.cbaser)
  if (reader.follow(map, node + cmd_base) !== queue.base) throw new NotTheKernels(node + cmd_base, 'another command queue')
  if (its.base !== undefined && reader.u64(node + phys_base) !== BigInt(its.base)) {
    throw new NotTheKernels(node + phys_base, 'an ITS at another address')
  }
  const write = reader.follow(map, node + cmd_write)
  const offset = write === undefined ? -1 : write - queue.base
  const unsent = (offset - Number(its.cwriter) + queue.bytes) % queue.bytes
  if (offset < 0 || offset >= queue.bytes || unsent > MOST_UNSENT) {
    throw new NotTheKernels(node + cmd_write, 'the queue is written elsewhere: what is left of an earlier kernel')
  }
  return { list: (node + its_device_list) as Gpa, unsent }
}
