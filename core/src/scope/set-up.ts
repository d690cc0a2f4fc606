import { GICR_PENDBASER, GICR_PROPBASER, GITS, GITS_CTLR, type Quirks } from '../abi/index.ts'
import { COLLECTION_BASER, DEVICE_BASER, Gic, Its, itsFrame } from '../its/index.ts'
import type { GuestMemory } from '../memory/index.ts'
import { collectionBaser, commandBaser, deviceBaser, type ScopeRam } from './scope-ram.ts'

/** An ITS with nothing mapped that its guest has set up, of a VM with so many vCPUs. */
export function poweredOn(vcpus: number, ram: ScopeRam, memory: GuestMemory, quirks: Quirks): Its {
  const gic = new Gic({ memory, quirks, vcpuIds: Array.from({ length: vcpus }, (_, vcpu) => vcpu) })
  const its = new Its(gic)
  gic.setPropbaser(GICR_PROPBASER.pack({ address: ram.configuration, idBits: 15 }))
  for (const [vcpu, address] of ram.pending.entries()) {
    gic.setPendbaser(vcpu, GICR_PENDBASER.pack({ address }))
    gic.setEnableLpis(vcpu, true)
  }
  setUp(its, deviceBaser(ram, 0), ram)
  return its
}

/** A reset, and what the guest that boots then does first: GITS_BASER0 as before or as given, and an empty queue. */
export function resetAndSetUp(its: Its, ram: ScopeRam, devices = its.baser(DEVICE_BASER)): void {
  its.reset()
  setUp(its, devices, ram)
}

function setUp(its: Its, devices: bigint, ram: ScopeRam): void {
  its.setBaser(DEVICE_BASER, devices)
  its.setBaser(COLLECTION_BASER, collectionBaser(ram))
  its.setCbaser(commandBaser(ram))
  its.enabled = true
}

/** By the registers, as a guest does it: whether the devices are forgotten is the kernel's. */
export function moveTable(its: Its, baser: bigint): void {
  itsFrame.write(its, GITS.CTLR, 4, 0n)
  itsFrame.write(its, GITS.BASER0, 8, baser)
  itsFrame.write(its, GITS.CTLR, 4, GITS_CTLR.pack({ enabled: true }))
}
