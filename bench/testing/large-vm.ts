import {
  KVM_VGIC_ADDR_TYPE as ADDR,
  COMMAND_BYTES,
  type CommandName,
  KVM_DEV_ARM_CTRL as CTRL,
  encodeCommand,
  GITS,
  GITS_BASER,
  GITS_CBASER,
  type GicRegisters,
  KVM_DEV_ARM_VGIC_GRP as GRP,
  type Operands,
} from '@vits/core/abi'
import type { SavedMachine } from '@vits/core/formats'
import { KvmVm } from '@vits/core/kvm'
import { type Gpa, GuestMemory } from '@vits/core/memory'
import { savedMachine } from '../../core/src/inspect/testing/planted-machine.ts'

const RAM = 0x4000_0000
const RAM_BYTES = 0x400_0000
const QUEUE = RAM
const QUEUE_BYTES = 0x10_0000
const DEVICE_TABLE = RAM + 0x10_0000
const COLLECTION_TABLE = RAM + 0x20_0000
const CONFIGURATION = RAM + 0x30_0000
const PENDING = RAM + 0x40_0000
const ITTS = RAM + 0x100_0000
const VCPUS = 8
const LPIS = 57344

/** A VM of which nothing but its ITS and its RAM matters. */
export interface LargeVm {
  readonly memory: GuestMemory
  readonly registers: GicRegisters
}

/** Which devices were unmapped between two saves: from the one at place `first` on every `each`-th. */
interface Unmapped {
  readonly first: number
  readonly each: number
}

/** A guest that a kernel saved which clears nothing: some devices were unmapped between two saves, and their entries are there still. */
export function largeVm(devices: number, events: number, unmapped: Unmapped = { first: 7, each: 41 }): SavedMachine {
  return savedMachine({ ...largeGuest(devices, events, unmapped), msi: [] })
}

/** The guest itself. Of ITTs with room for more events than it has, it uses the end; they have as much room as is needed when not told. */
export function largeGuest(
  devices: number,
  events: number,
  unmapped: Unmapped,
  eventIdBits = Math.ceil(Math.log2(events)),
): LargeVm {
  const ittBytes = Math.max(256, 8 * 2 ** eventIdBits)
  const ramBytes = RAM_BYTES + (ittBytes > 256 ? devices * ittBytes : 0)
  const memory = new GuestMemory([{ base: RAM as Gpa, bytes: ramBytes, backing: 'sparse' }])
  memory.fill(CONFIGURATION as Gpa, LPIS, 0xa1)
  const vm = new KvmVm({ kernel: 'linux-6.6', memory })
  for (let i = 0; i < VCPUS; i++) vm.createVcpu()
  const [gic, its] = [vm.createGic(), vm.createIts()]
  gic.setAttr(GRP.ADDR, BigInt(ADDR.V3_DIST), 0x0800_0000n)
  gic.setAttr(GRP.ADDR, BigInt(ADDR.V3_REDIST), 0x080a_0000n)
  gic.setAttr(GRP.CTRL, BigInt(CTRL.VGIC_CTRL_INIT))
  const propbaser = BigInt(CONFIGURATION) | 0xfn
  const pendbaser = (vcpu: number) => BigInt(PENDING + vcpu * 0x1_0000)
  for (let vcpu = 0; vcpu < VCPUS; vcpu++) {
    const at = BigInt(vcpu) << 32n
    gic.setAttr(GRP.REDIST_REGS, at | 0x70n, propbaser)
    gic.setAttr(GRP.REDIST_REGS, at | 0x78n, pendbaser(vcpu))
    gic.setAttr(GRP.REDIST_REGS, at, 1n)
  }
  its.setAttr(GRP.ADDR, BigInt(ADDR.ITS), 0x0808_0000n)
  const set = (offset: number, value: bigint) => its.setAttr(GRP.ITS_REGS, BigInt(offset), value)
  set(GITS.CBASER, GITS_CBASER.pack({ valid: true, address: QUEUE, pages: QUEUE_BYTES / 4096 - 1 }))
  set(GITS.BASER0, GITS_BASER.pack({ valid: true, addressLow: DEVICE_TABLE, pages: 7 }))
  set(GITS.BASER0 + 8, GITS_BASER.pack({ valid: true, addressLow: COLLECTION_TABLE }))
  set(GITS.CTLR, 1n)
  let offset = 0
  const send = <N extends CommandName>(name: N, args: Partial<Operands<N>>) => {
    memory.write((QUEUE + offset) as Gpa, new Uint8Array(encodeCommand(name, args).buffer))
    offset = (offset + COMMAND_BYTES) % QUEUE_BYTES
    set(GITS.CWRITER, BigInt(offset))
  }
  const idOf = (device: number) => device * 8
  const firstEvent = eventIdBits > Math.ceil(Math.log2(events)) ? 2 ** eventIdBits - events : 0
  for (let vcpu = 0; vcpu < VCPUS; vcpu++) send('MAPC', { icid: vcpu, rdBase: vcpu, valid: true })
  for (let device = 0; device < devices; device++) {
    send('MAPD', { deviceId: idOf(device), size: eventIdBits - 1, ittAddr: ITTS + device * ittBytes, valid: true })
    for (let event = 0; event < events; event++) {
      const pintid = 8192 + ((device * events + event) % LPIS)
      send('MAPTI', { deviceId: idOf(device), eventId: firstEvent + event, pintid, icid: (device + event) % VCPUS })
    }
  }
  const save = () => its.setAttr(GRP.CTRL, BigInt(CTRL.ITS_SAVE_TABLES))
  save()
  for (let device = unmapped.first; device < devices; device += unmapped.each)
    send('MAPD', { deviceId: idOf(device), valid: false })
  save()
  const baser = Array.from({ length: 8 }, (_, n) => (n === 0 || n === 1 ? its.its.baser(n) : 0n))
  const registers: GicRegisters = {
    itses: [
      {
        base: 0x0808_0000 as Gpa,
        ctlr: 1,
        iidr: 0x43b,
        cbaser: BigInt(its.its.cbaser),
        cwriter: BigInt(offset),
        creadr: BigInt(offset),
        baser,
      },
    ],
    redistributors: Array.from({ length: VCPUS }, (_, vcpuId) => ({ vcpuId, ctlr: 1, propbaser, pendbaser: pendbaser(vcpuId) })),
  }
  return { memory, registers }
}
