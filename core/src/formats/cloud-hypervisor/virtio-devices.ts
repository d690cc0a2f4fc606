import { type RingPlace, type VirtioDevice, virtioKind } from '../../virtio/index.ts'
import type { JsonValue } from '../json/json-value.ts'
import type { PciNode } from './pci-functions.ts'
import type { SnapshotNode } from './snapshot-tree.ts'

const CHILD = { common: 'virtio_pci_common_config', pci: 'pci_configuration' } as const
/** PCI device ids of virtio begin with this. */
const FIRST_DEVICE = 0x1040
const NO_VECTOR = 0xffff
const MOST_QUEUES = 1024
const MOST_REGISTERS = 1024

/**
 * The virtio functions, of v39 and later. How far a device has come in its rings is not saved: a restore begins with what stands in the
 * used ring, and since v52 every queue has its interrupt sent, so that none is lost.
 *
 * @source virtio-devices/src/transport/pci_device.rs, VirtioPciDeviceState; pci_common_config.rs; device.rs, VirtioCommon::resume
 */
export function virtioDevices(nodes: readonly PciNode[], deviceManager: SnapshotNode): VirtioDevice[] {
  const components = deviceManager.children()
  return nodes.flatMap(({ name, deviceId, node, carries }): VirtioDevice[] => {
    const common = node?.children().get(CHILD.common)
    if (node?.form !== 'text' || common?.form !== 'text') return []
    const [state, registers] = [node.json(), common.json()]
    const vector = (value: JsonValue | undefined): number | undefined => {
      const number = value?.count(2 ** 16)
      return number === NO_VECTOR ? undefined : number
    }
    const vectors = registers.member('msix_queues').elements(MOST_QUEUES)
    const own = carries === undefined ? undefined : components.get(carries)
    return [
      {
        name,
        deviceId,
        kind: virtioKind(deviceOf(node) - FIRST_DEVICE),
        status: registers.member('driver_status').count(2 ** 8),
        features: own?.form === 'text' ? (own.json().members().get('acked_features')?.u64() ?? 0n) : 0n,
        configVector: vector(registers.member('msix_config')),
        queues: state
          .member('queues')
          .elements(MOST_QUEUES)
          .map((queue, index) => ({
            index,
            size: queue.member('size').count(2 ** 16),
            vector: vector(vectors[index]),
            place: placeOf(queue),
            nextAvail: 0,
            offset: queue.offset,
          })),
        offset: state.offset,
      },
    ]
  })
}

/** The device id of PCI: the upper half of the first register. */
function deviceOf(node: SnapshotNode): number {
  const [first] = node.child(CHILD.pci).json().member('registers').elements(MOST_REGISTERS)
  return first === undefined ? 0 : first.count() >>> 16
}

function placeOf(queue: JsonValue): RingPlace {
  const isSet = queue.member('ready').boolean() && queue.member('desc_table').u64() !== 0n
  return { kind: isSet ? 'uncounted' : 'unset' }
}
