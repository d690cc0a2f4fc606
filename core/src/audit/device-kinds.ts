/**
 * What the device models of VMMs are to whoever uses the guest, by the names that QEMU saves them under, or by virtio's; what hurts most to lose comes
 * first.
 *
 * @source QEMU, `name` of the VMStateDescription of each model; hw/vfio/migration.c
 */
const kinds = [
  ['disk', ['virtio-blk', 'vhost-user-blk', 'nvme']],
  ['disk controller', ['virtio-scsi', 'ich9_ahci']],
  ['file system', ['vhost-user-fs', 'virtio-9p']],
  ['network card', ['virtio-net', 'e1000e', 'igb']],
  ['passed-through device', ['vfio', 'VFIOPCIDevice']],
  ['graphics card', ['virtio-gpu']],
  ['console', ['virtio-console']],
  ['USB controller', ['xhci']],
  ['input device', ['virtio-input']],
  ['host socket', ['virtio-vhost_vsock', 'virtio-vsock']],
  ['memory device', ['virtio-mem', 'virtio-pmem']],
  ['crypto device', ['virtio-crypto']],
  ['IOMMU', ['virtio-iommu']],
  ['random number source', ['virtio-rng']],
  ['memory balloon', ['virtio-balloon']],
  [
    'PCIe port',
    ['pcie-root-port', 'ioh-3240-express-root-port', 'xio3130-express-downstream-port', 'xio3130-express-upstream-port'],
  ],
  ['bridge', ['pcie-pci-bridge', 'pci-bridge', 'pci_bridge']],
] as const

/** Of a model that nobody listed. */
const OTHER = 'device'

export type DeviceNoun = (typeof kinds)[number][0] | typeof OTHER

const nounOf = new Map<string, DeviceNoun>(kinds.flatMap(([noun, models]) => models.map((model) => [model, noun] as const)))
const ranks = new Map<DeviceNoun, number>(kinds.map(([noun], i) => [noun, i]))
/** As bad as what is listed between disks and ports. */
const OTHER_RANK = kinds.findIndex(([noun]) => noun === 'passed-through device')

export const nounOfModel = (model: string): DeviceNoun => nounOf.get(model) ?? OTHER

/** Less is worse to lose. */
export const rankOf = (noun: DeviceNoun): number => ranks.get(noun) ?? OTHER_RANK

/** Its interrupts tell of hot-plugging and errors of the bus: no input or output waits for them. */
export const isOfBus = (noun: DeviceNoun): boolean => noun === 'PCIe port' || noun === 'bridge'
