import type { GicRegisters, MsiFunction, SavedVcpu } from '../../abi/index.ts'
import type { VirtioDevice } from '../../virtio/index.ts'
import { type ByteSource, readExactly } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import type { Ram } from '../page-loader.ts'
import { vcpuActivities } from '../vcpu-activity.ts'
import type { DeviceSection } from './device-sections.ts'
import { DeviceState } from './device-state.ts'
import { handlingVcpus, redistributors, savedItses } from './gic-state.ts'
import { ringsThroughIommus, smmuTables, throughIommus } from './iommu.ts'
import { msiFunctions } from './pci-function.ts'
import { pciStates } from './pci-state.ts'
import { RequesterIds } from './requester-id.ts'
import type { SmmuTables } from './smmu-walk.ts'
import { vcpuRegisters } from './vcpu-registers.ts'
import { virtioDevices } from './virtio-devices.ts'

/** What the device sections of a stream say by themselves. */
export interface DirectFacts {
  readonly registers: GicRegisters
  /** The state that the redistributors are in. */
  readonly gic: DeviceState
  /** As the functions have them: behind an SMMU what an address means is not known yet. */
  readonly msi: readonly MsiFunction[]
  readonly virtio: readonly VirtioDevice[]
  readonly smmus: readonly SmmuTables[]
  readonly hasIommu: boolean
  /** The `cpu` sections, in the order of the vCPUs. */
  readonly cpus: readonly DeviceState[]
}

/** What they say with guest RAM at hand. */
export interface FollowedFacts {
  readonly msi: readonly MsiFunction[]
  readonly virtio: readonly VirtioDevice[]
  readonly vcpus: readonly SavedVcpu[]
}

/** @throws FormatError naming `offset` where there is no GICv3 with an ITS, and where one is not KVM's. */
export async function directFacts(source: ByteSource, sections: readonly DeviceSection[], offset: number): Promise<DirectFacts> {
  const [gic] = await statesOf(source, sections, 'arm_gicv3')
  const itses = savedItses(await statesOf(source, sections, 'arm_gicv3_its'))
  if (gic === undefined || itses.length === 0) {
    const missing = gic === undefined ? 'arm_gicv3' : 'arm_gicv3_its'
    throw new FormatError(offset, `the state of a GICv3 with an ITS (section ${missing})`, 'a stream without it')
  }
  const { states, unread } = await pciStates(source, sections)
  const smmus = smmuTables(await statesOf(source, sections, 'smmuv3'))
  const cpus = [...(await statesOf(source, sections, 'cpu'))].sort((a, b) => a.instance - b.instance)
  return {
    registers: { itses, redistributors: redistributors(gic) },
    gic,
    msi: msiFunctions(states, itses, unread),
    virtio: await virtioDevices(source, sections, new RequesterIds(states)),
    smmus,
    hasIommu: smmus.length > 0 || sections.some(({ device }) => device.name.endsWith('/virtio-iommu')),
    cpus,
  }
}

/** Follows what IOMMUs translate, and where vCPUs are, into guest RAM. */
export async function followedFacts(facts: DirectFacts, guest: Ram): Promise<FollowedFacts> {
  const { registers, gic, smmus, hasIommu, cpus } = facts
  const virtio = hasIommu ? await ringsThroughIommus(facts.virtio, smmus, guest) : facts.virtio
  const msi = await throughIommus(facts.msi, smmus, registers.itses, guest)
  const did = await vcpuActivities(cpus.map(vcpuRegisters), guest)
  const handling = handlingVcpus(gic)
  const vcpus = did.map((one, i): SavedVcpu => ({ did: one, ...(handling[i] !== undefined && { isHandling: handling[i] }) }))
  return { msi, virtio, vcpus }
}

async function statesOf(source: ByteSource, sections: readonly DeviceSection[], name: string): Promise<DeviceState[]> {
  const states: DeviceState[] = []
  for (const section of sections) {
    if (section.device.name !== name) continue
    states.push(new DeviceState(section, await readExactly(source, section.offset, section.bytes, name)))
  }
  return states
}
