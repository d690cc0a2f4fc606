import { describe, expect, it } from 'vitest'
import type { PciState } from './pci-config.ts'
import { isPciFunction, RequesterIds } from './requester-id.ts'

/** A function of the given kind; bridges have a secondary bus. */
function state(name: string, kind: 'endpoint' | 'port' | 'to conventional' | 'conventional', bus = 0): PciState {
  const config = new Uint8Array(256)
  config[0x06] = 0x10
  config[0x34] = 0x40
  const type = { endpoint: 0, port: 4, 'to conventional': 7, conventional: 0 }[kind]
  config.set(kind === 'conventional' ? [0x01, 0, 0, 0] : [0x10, 0, type << 4, 0], 0x40)
  if (kind !== 'endpoint') config[0x0e] = 1
  config[0x19] = bus
  return { name, config, msixTable: new Uint8Array(0) }
}

const bridges = [
  state('0000:00:01.0/root-port', 'port', 1),
  state('0000:00:01.0:00.0/pcie-pci-bridge', 'to conventional', 2),
  state('0000:00:01.0:00.0:04.0/pci-bridge', 'conventional', 3),
  state('0000:00:02.0/pci-bridge', 'conventional', 4),
  state('0000:00:02.0:05.0/pci-bridge', 'conventional', 5),
  state('0000:00:03.1/switch', 'port', 6),
  state('0000:00:03.1:00.0/switch-port', 'port', 7),
  state('0000:80:05.0:00.0/root-port', 'port', 0x81),
  state('0000:80:05.0:01.0/pci-bridge', 'conventional', 0x82),
  state('0000:00:06.0/nothing-behind-it', 'endpoint', 8),
]

describe('the DeviceID of a PCI function', () => {
  it.each([
    ['on the root bus is its place', '0000:00:1f.7/nvme', 0x00ff],
    ['behind PCI Express ports is its place on the last bus', '0000:00:03.1:00.0:00.3/nvme', 0x0703],
    ['of ARI or SR-IOV has a slot number that is part of its function number', '0000:00:01.0:02.1/nvme', 0x0111],
    ['behind a bridge to conventional PCI is function 0 of its bus', '0000:00:01.0:00.0:03.0/nic', 0x0200],
    ['behind a bridge behind such a bridge is that too', '0000:00:01.0:00.0:04.0:06.0/nic', 0x0200],
    ['of the bridge to conventional PCI is its own', '0000:00:01.0:00.0/pcie-pci-bridge', 0x0100],
    ['behind a conventional bridge is that of the bridge', '0000:00:02.0:07.0/nic', 0x0010],
    ['behind two conventional bridges is that of the first', '0000:00:02.0:05.0:01.0/nic', 0x0010],
    ['below an expander bridge counts from the bus that it makes', '0000:80:05.0:00.0:00.0/nvme', 0x8100],
    ['of a port below an expander bridge is on that bus', '0000:80:05.0:00.0/root-port', 0x8000],
    ['behind a conventional bridge below an expander bridge is that of the bridge', '0000:80:05.0:01.0:03.0/nic', 0x8008],
    ['behind a bridge that was not saved is not known', '0000:00:09.0:00.0/nvme', undefined],
    ['behind what is no bridge is not known', '0000:00:06.0:00.0/nvme', undefined],
    ['has no meaning for what is none', 'ram', undefined],
  ])('%s', (_, name, id) => {
    expect(new RequesterIds(bridges).of(name)?.deviceId).toBe(id)
  })
})

describe('the place of a PCI function on its own bus', () => {
  it.each([
    ['is its DeviceID on the root bus and behind ports', '0000:00:03.1:00.0:00.3/nvme', undefined],
    ['is told beside it behind a bridge to conventional PCI', '0000:00:01.0:00.0:03.0/nic', 0x0218],
    ['is told behind a bridge behind such a bridge', '0000:00:01.0:00.0:04.0:06.0/nic', 0x0330],
    ['is told behind a conventional bridge', '0000:00:02.0:07.0/nic', 0x0438],
    ['is not told of function 0 that such a bridge has its DeviceID from', '0000:00:01.0:00.0:00.0/nic', undefined],
  ])('%s', (_, name, routingId) => {
    expect(new RequesterIds(bridges).of(name)?.routingId).toBe(routingId)
  })
})

describe('the name of a section', () => {
  it('tells a PCI function from a disk of one', () => {
    expect(['0000:00:06.0/virtio-scsi', '0000:00:06.0/0:0:0/scsi-disk', 'PCIBUS'].map(isPciFunction)).toEqual([
      true,
      false,
      false,
    ])
  })
})
