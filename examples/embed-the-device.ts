// A VM with an ITS, as a VMM sees KVM's: map one event, send its MSI, save, and restore in a second VM on the same RAM.
import {
  KVM_VGIC_ADDR_TYPE as ADDR,
  KVM_DEV_ARM_CTRL as CTRL,
  encodeCommand,
  GITS,
  GITS_BASER,
  GITS_CBASER,
  KVM_DEV_ARM_VGIC_GRP as GRP,
  KVM_MSI_VALID_DEVID,
} from '@vits/core/abi'
import { KvmVm } from '@vits/core/kvm'
import { type Gpa, GuestMemory, gpa } from '@vits/core/memory'

// Where the guest has put its tables.
const places = {
  queue: 0x4000_0000,
  devices: 0x4001_0000,
  collections: 0x4002_0000,
  itt: 0x4003_0000,
  lpis: 0x4004_0000,
  pending: 0x4005_0000,
}
const memory = new GuestMemory([{ base: gpa(0x4000_0000), bytes: 0x10_0000 }])
memory.setU8(places.lpis as Gpa, 0xa1) // LPI 8192: priority 0xa0, enabled

function createVm() {
  const vm = new KvmVm({ kernel: 'linux-6.12.117', memory })
  vm.createVcpu()
  const gic = vm.createGic()
  const its = vm.createIts() // before GICR_PROPBASER: creating an ITS sets that back, as in KVM
  gic.setAttr(GRP.ADDR, BigInt(ADDR.V3_DIST), 0x0800_0000n)
  gic.setAttr(GRP.ADDR, BigInt(ADDR.V3_REDIST), 0x080a_0000n)
  gic.setAttr(GRP.CTRL, BigInt(CTRL.VGIC_CTRL_INIT))
  gic.setAttr(GRP.REDIST_REGS, 0x70n, BigInt(places.lpis) | 0xfn) // GICR_PROPBASER, 16 INTID bits
  gic.setAttr(GRP.REDIST_REGS, 0x78n, BigInt(places.pending)) // GICR_PENDBASER
  gic.setAttr(GRP.REDIST_REGS, 0x00n, 1n) // GICR_CTLR.EnableLPIs
  its.setAttr(GRP.ADDR, BigInt(ADDR.ITS), 0x0808_0000n)
  const set = (offset: number, value: bigint) => its.setAttr(GRP.ITS_REGS, BigInt(offset), value)
  set(GITS.CBASER, GITS_CBASER.pack({ valid: true, address: places.queue, pages: 15 }))
  set(GITS.BASER0, GITS_BASER.pack({ valid: true, addressLow: places.devices }))
  set(GITS.BASER1, GITS_BASER.pack({ valid: true, addressLow: places.collections }))
  return { vm, its, set }
}

const source = createVm()
source.set(GITS.CTLR, 1n)
const commands = [
  encodeCommand('MAPC', { icid: 0, rdBase: 0, valid: true }),
  encodeCommand('MAPD', { deviceId: 8, size: 4, ittAddr: places.itt, valid: true }),
  encodeCommand('MAPTI', { deviceId: 8, eventId: 3, pintid: 8192, icid: 0 }),
]
for (const [i, words] of commands.entries()) memory.write((places.queue + i * 32) as Gpa, new Uint8Array(words.buffer))
source.set(GITS.CWRITER, BigInt(commands.length * 32))

const msi = { address: 0x0809_0040, deviceId: 8, eventId: 3, flags: KVM_MSI_VALID_DEVID }
console.log('MSI on the source:', source.vm.signalMsi(msi))
console.log('SAVE_TABLES:', source.its.setAttr(GRP.CTRL, BigInt(CTRL.ITS_SAVE_TABLES)))

const destination = createVm()
console.log('MSI before the restore:', destination.vm.signalMsi(msi))
destination.set(GITS.CREADR, BigInt(commands.length * 32))
destination.set(GITS.CWRITER, BigInt(commands.length * 32))
console.log('RESTORE_TABLES:', destination.its.setAttr(GRP.CTRL, BigInt(CTRL.ITS_RESTORE_TABLES)))
destination.set(GITS.CTLR, 1n)
console.log('MSI on the destination:', destination.vm.signalMsi(msi))
