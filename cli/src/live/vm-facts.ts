import { type Gpa, type GpaRange, PAGE_BYTES, shown } from '@vits/core/memory'
import { VmError } from './pause.ts'
import { isObject, type Qmp } from './qmp.ts'

/** What QEMU tells of a VM that runs, without stopping it. */
export interface VmFacts {
  /** `virt-7.2`. */
  readonly machine: string
  /** Guest RAM. */
  readonly ram: readonly GpaRange[]
  /** Where more of it may be. */
  readonly unlocated: readonly GpaRange[]
}

/** Where the virt machine has its RAM. @source QEMU hw/arm/virt.c, base_memmap */
const VIRT_RAM_BASE = 0x4000_0000
const GIB = 2 ** 30
/** Memory that is plugged lies below. */
const PLUGGED_END = 2 ** 48

/** Asks what the VM is. @throws VmError for one without KVM, or that is no arm64 virt machine. */
export async function vmFacts(qmp: Qmp): Promise<VmFacts> {
  const kvm = await qmp.execute('query-kvm')
  if (!isObject(kvm) || kvm['enabled'] !== true) {
    throw new VmError("the VM runs without KVM: it has QEMU's own ITS, whose tables have another format that is not read here")
  }
  const type = await qmp.execute('qom-get', { path: '/machine', property: 'type' })
  const machine = String(type).replace(/-machine$/, '')
  if (!machine.startsWith('virt')) throw new VmError(`the VM is a "${machine}" and not an arm64 "virt" machine`)
  const sizes = await qmp.execute('query-memory-size-summary')
  const base = { base: VIRT_RAM_BASE as Gpa, bytes: pagesOf(isObject(sizes) ? sizes['base-memory'] : undefined, 'base memory') }
  const devices = await qmp.execute('query-memory-devices')
  const plugged = (Array.isArray(devices) ? devices : []).map(rangeOf)
  const placed = plugged.filter((range) => range !== undefined)
  const isAll = placed.length === plugged.length
  return { machine, ram: [base, ...placed], unlocated: isAll ? [] : gapsBetween(placed, base.base + base.bytes) }
}

/** Where the memory of a device is; of virtio-mem all that it may ever have. Undefined where that is not told. */
function rangeOf(device: unknown): GpaRange | undefined {
  const data = isObject(device) && isObject(device['data']) ? device['data'] : {}
  const at = data['addr'] ?? data['memaddr']
  if (typeof at !== 'number' || !Number.isSafeInteger(at) || at < 0) return undefined
  return { base: at as Gpa, bytes: pagesOf(data['max-size'] ?? data['size'], 'a memory device') }
}

function pagesOf(bytes: unknown, what: string): number {
  if (typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes > 0 && bytes % PAGE_BYTES === 0) return bytes
  throw new VmError(`QEMU says that ${what} has ${shown(bytes)} bytes`)
}

/** Behind the RAM that the machine was started with, what is not known to be of a device. */
function gapsBetween(placed: readonly GpaRange[], end: number): GpaRange[] {
  const gaps: GpaRange[] = []
  let from = Math.ceil(end / GIB) * GIB
  for (const { base, bytes } of [...placed].sort((a, b) => a.base - b.base)) {
    if (base > from) gaps.push({ base: from as Gpa, bytes: base - from })
    from = Math.max(from, base + bytes)
  }
  return PLUGGED_END > from ? [...gaps, { base: from as Gpa, bytes: PLUGGED_END - from }] : gaps
}
