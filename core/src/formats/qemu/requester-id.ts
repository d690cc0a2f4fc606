import { CAPABILITY, CONFIG, capability, type PciState, u16 } from './pci-config.ts'

const PATH = /^[0-9a-f]{4}:([0-9a-f]{2})((?::[0-9a-f]{2}\.[0-7])+)\/[^/]+$/
const HEADER_TYPE = { mask: 0x7f, bridge: 1 } as const
/** Device/port type of the express capability: a bridge from PCI Express to conventional PCI. */
const TO_CONVENTIONAL = 7

/** True for the name of a PCI function's section: `0000:00:01.0:00.0/virtio-net`, and not for a disk of such a device. */
export function isPciFunction(name: string): boolean {
  return PATH.test(name)
}

/** The numbers of a function. */
export interface RequesterId {
  /** With which it writes its MSIs. */
  readonly deviceId: number
  /** Its own bus, slot and function, where the DeviceID is another. */
  readonly routingId?: number
}

/**
 * The DeviceIDs with which functions write their MSIs: bus, slot and function, the bus being what the guest programmed into the
 * bridges on the path. Conventional PCI carries no such number: what is behind a PCI Express to PCI bridge appears as function 0
 * of that bridge's secondary bus, what is behind a conventional bridge as that bridge. The bridge nearest to the root decides.
 * Linux maps the same number, so that such functions share one DeviceID and its events.
 *
 * @source QEMU hw/pci/pci.c, pci_req_id_cache_get, which kvm_irqchip_add_msi_route passes on as the DeviceID; Linux
 * drivers/pci/msi, pci_msi_domain_get_msi_rid over pci_for_each_dma_alias, called by its_pci_msi_prepare
 */
export class RequesterIds {
  readonly #configs: ReadonlyMap<string, Uint8Array>

  constructor(states: readonly PciState[]) {
    this.#configs = new Map(states.map(({ name, config }) => [pathOf(name), config]))
  }

  /** Those of the function of this name; undefined behind a bridge that was not saved. */
  of(name: string): RequesterId | undefined {
    const [, root, chain] = PATH.exec(name) ?? []
    if (root === undefined || chain === undefined) return undefined
    const slots = slotsBelow(root, chain)
    let [bus, id] = [Number.parseInt(root, 16), undefined as number | undefined]
    for (const [i, { path, devfn }] of slots.entries()) {
      const routingId = bus * 256 + devfn
      if (i === slots.length - 1)
        return id === undefined || id === routingId ? { deviceId: routingId } : { deviceId: id, routingId }
      const bridge = this.#configs.get(path)
      if (bridge === undefined || (bridge[CONFIG.headerType]! & HEADER_TYPE.mask) !== HEADER_TYPE.bridge) return undefined
      const secondary = bridge[CONFIG.secondaryBus]!
      const express = capability(bridge, CAPABILITY.express)
      if (express === undefined) id ??= routingId
      else if (((u16(bridge, express + 2) >>> 4) & 0xf) === TO_CONVENTIONAL) id ??= secondary * 256
      bus = secondary
    }
    return undefined
  }
}

/** `0000:00:01.0:00.0` of `0000:00:01.0:00.0/virtio-net`. */
export const pathOf = (name: string): string => name.slice(0, name.indexOf('/'))

interface Slot {
  /** As names of sections begin. */
  readonly path: string
  readonly devfn: number
}

/**
 * The functions from the root bus down to the one named. The path of what is below an expander bridge (pxb-pcie) begins with the
 * number of the root bus that it makes, then the expander itself, which is no bridge to that bus.
 *
 * @source QEMU hw/pci/pci.c, pcibus_get_dev_path; hw/pci-bridge/pci_expander_bridge.c
 */
function slotsBelow(root: string, chain: string): Slot[] {
  const slots = chain.slice(1).split(':')
  const all = slots.map((slot, i) => {
    const [device, fn] = slot.split('.')
    return { path: `0000:${root}:${slots.slice(0, i + 1).join(':')}`, devfn: Number.parseInt(device!, 16) * 8 + Number(fn) }
  })
  return root === '00' ? all : all.slice(1)
}
