// An emulator without KVM: the guest reads and writes the frames of the GIC, sends MSIs, and takes LPIs at its CPU interface.
import { encodeCommand, GICD, GICR, GITS, KVM_MSI_VALID_DEVID } from '@vits/core/abi'
import { CpuInterface, distributorFrame, Gic, Its, itsFrame, redistributorFrame, SPURIOUS, Translaters } from '@vits/core/its'
import { type Gpa, GuestMemory, gpa } from '@vits/core/memory'

const RAM = 0x4000_0000
const memory = new GuestMemory([{ base: gpa(RAM), bytes: 0x100_0000, backing: 'sparse' }])
const gic = new Gic({ memory, vcpuIds: [0] })
const its = new Its(gic)
const translaters = new Translaters()
translaters.add(0x0808_0000, its)
const cpu = new CpuInterface(gic, 0)

/** What the machine's bus does with a guest's write: RAM, or the frame that is there. */
function write(at: number, bytes: 4 | 8, value: bigint): void {
  if (at >= RAM) memory.write(at as Gpa, new Uint8Array(new BigUint64Array([value]).buffer, 0, bytes))
  else if (at >= 0x080a_0000) redistributorFrame.write({ gic, vcpu: 0 }, at - 0x080a_0000, bytes, value)
  else if (at >= 0x0808_0000) itsFrame.write(its, at - 0x0808_0000, bytes, value)
  else distributorFrame.write(gic, at - 0x0800_0000, bytes, value)
}

// The guest's drivers: tables, queue, everything on.
const places = {
  queue: RAM + 0x1_0000,
  devices: RAM + 0x2_0000,
  collections: RAM + 0x3_0000,
  itt: RAM + 0x4_0000,
  lpis: RAM + 0x5_0000,
  pending: RAM + 0x6_0000,
}
const VALID = 1n << 63n
write(places.lpis, 4, 0xa1n) // LPI 8192: priority 0xa0, enabled
write(0x080a_0000 + GICR.PROPBASER, 8, BigInt(places.lpis) | 15n)
write(0x080a_0000 + GICR.PENDBASER, 8, BigInt(places.pending))
write(0x080a_0000 + GICR.CTLR, 4, 1n)
write(0x0800_0000 + GICD.CTLR, 4, 2n)
write(0x0808_0000 + GITS.CBASER, 8, VALID | BigInt(places.queue))
write(0x0808_0000 + GITS.BASER0, 8, VALID | BigInt(places.devices))
write(0x0808_0000 + GITS.BASER1, 8, VALID | BigInt(places.collections))
write(0x0808_0000 + GITS.CTLR, 4, 1n)

// It maps one event: commands into the ring, then the bell.
const commands = [
  encodeCommand('MAPC', { icid: 0, rdBase: 0, valid: true }),
  encodeCommand('MAPD', { deviceId: 8, size: 4, ittAddr: places.itt, valid: true }),
  encodeCommand('MAPTI', { deviceId: 8, eventId: 3, pintid: 8192, icid: 0 }),
]
for (const [i, words] of commands.entries()) memory.write((places.queue + i * 32) as Gpa, new Uint8Array(words.buffer))
its.listener = ({ command, outcome }) => console.log(command?.name, outcome.kind)
write(0x0808_0000 + GITS.CWRITER, 8, BigInt(commands.length * 32))

// A device writes EventID 3 to GITS_TRANSLATER; the vCPU takes what comes of it.
console.log('delivered:', translaters.signal(0x0809_0040, 8, 3, KVM_MSI_VALID_DEVID))
cpu.group1 = true
cpu.priorityMask = 0xff
for (let intid = cpu.acknowledge(); intid !== SPURIOUS; intid = cpu.acknowledge()) {
  console.log('ICC_IAR1_EL1:', intid)
  cpu.complete()
}
