import { card, disk, rootPorts } from './devices.ts'
import type { EventName } from './events.ts'
import type { GuestKernel, Suite } from './parts.ts'

/** A machine that a guest runs on, as QEMU's options. */
export interface GuestHardware {
  readonly name: string
  /** Whose QEMU; Debian 12's, 7.2, unless named. */
  readonly qemu?: Suite
  /** The guest's kernel; that of the host unless named. */
  readonly kernel?: GuestKernel
  /** QEMU's -M, without the GIC. */
  readonly machine: string
  readonly vcpus: number
  readonly memory: string
  /** QEMU's other options. Disks are /tmp/disk1 to /tmp/disk8, of 8 MiB. */
  readonly options: readonly string[]
  /** Words for the guest's kernel. */
  readonly words?: string
  /** Network cards that QEMU leaves out of the stream, as virtual functions of an igb: silent after any restore. */
  readonly unsaved?: readonly string[]
  /** What `unplug` takes away: a device behind a root port, by its id and the option that makes it. */
  readonly unplugs?: { readonly id: string; readonly option: string }
}

/** A machine, and what happens to it in its life. */
export interface GuestMachine extends GuestHardware {
  /** Events in their order; after each the guest is saved, judged and restored, and lives on as restored. */
  readonly life: readonly EventName[]
}

/** Unplugged, it leaves its netdev behind. */
const second = '-device virtio-net-pci,id=second,netdev=net2,bus=port1,romfile=,mac=52:54:00:00:00:02'
/** A few of everything that a cloud guest has. */
const usual = [
  rootPorts(2),
  card(1, 'virtio-net-pci,mq=on,vectors=8'),
  '-netdev user,id=net2',
  second,
  disk(1, 'virtio-blk-pci,num-queues=2'),
  disk(2, 'virtio-blk-pci,num-queues=4,bus=port2'),
  '-device virtio-scsi-pci,id=scsi,num_queues=2',
  disk(3, 'scsi-hd,bus=scsi.0'),
  '-device virtio-rng-pci',
]
/** The same behind an IOMMU: their MSIs are aimed at an IOVA. */
const translated = usual.map((option) =>
  option.replaceAll(/(virtio-(net|blk|scsi|rng)-pci)/g, '$1,disable-legacy=on,iommu_platform=on'),
)

/** RAM that a virtio-mem device gives the guest. */
const virtioMem = {
  vcpus: 2,
  memory: '96M,maxmem=2G,slots=2',
  options: [
    '-object memory-backend-ram,id=more,size=256M',
    ...usual,
    '-device virtio-mem-pci,id=vmem,memdev=more,node=0,requested-size=256M',
  ],
  words: 'memhp_default_state=online_kernel',
  life: ['booted', 'rebind', 'heads'],
} as const

/** The matrix: one row a machine. */
export const machines: readonly GuestMachine[] = [
  {
    name: 'small',
    machine: 'virt',
    vcpus: 1,
    memory: '96M',
    options: [card(1, 'virtio-net-pci'), disk(1, 'virtio-blk-pci'), '-device virtio-rng-pci'],
    life: ['booted', 'unbind'],
  },
  {
    name: 'virt',
    machine: 'virt',
    vcpus: 2,
    memory: '96M',
    options: usual,
    life: ['booted', 'unbind', 'heads', 'rebind', 'unplug', 'wrap', 'heads'],
    unplugs: { id: 'second', option: second },
  },
  {
    name: 'one-cpu',
    machine: 'virt-6.2',
    vcpus: 1,
    memory: '96M',
    options: [card(1, 'virtio-net-pci'), disk(1, 'virtio-blk-pci'), '-device virtio-rng-pci'],
    life: ['booted', 'heads', 'rebind', 'wrap', 'heads', 'reboot'],
  },
  {
    name: 'smmuv3',
    machine: 'virt,iommu=smmuv3',
    vcpus: 2,
    memory: '112M',
    options: translated,
    life: ['booted', 'heads', 'wrap', 'rebind'],
  },
  {
    name: 'bridge',
    machine: 'virt-7.0',
    vcpus: 2,
    memory: '96M',
    options: [
      rootPorts(2),
      '-device pcie-pci-bridge,id=bridge,bus=port1',
      card(1, 'virtio-net-pci,bus=bridge,addr=1.0'),
      card(2, 'virtio-net-pci,bus=bridge,addr=2.0'),
      disk(1, 'virtio-blk-pci,num-queues=2,bus=bridge,addr=3.0'),
      disk(2, 'virtio-blk-pci,num-queues=2,bus=port2'),
      '-device virtio-rng-pci',
    ],
    life: ['booted', 'unbind', 'rebind', 'wrap'],
  },
  {
    name: 'virtio-iommu',
    machine: 'virt',
    vcpus: 2,
    memory: '112M',
    options: ['-device virtio-iommu-pci', ...translated],
    life: ['booted', 'unbind', 'wrap'],
  },
  {
    name: 'pxb',
    machine: 'virt',
    vcpus: 2,
    memory: '96M',
    options: [
      '-device pxb-pcie,id=far,bus_nr=128,bus=pcie.0',
      '-device pcie-root-port,id=farport,chassis=9,slot=9,bus=far',
      card(1, 'virtio-net-pci,bus=farport'),
      card(2, 'virtio-net-pci,bus=pcie.0'),
      disk(1, 'virtio-blk-pci,num-queues=2,bus=pcie.0'),
      '-device virtio-rng-pci,bus=pcie.0',
    ],
    life: ['booted', 'unbind', 'rebind'],
  },
  {
    name: 'virtio-mem',
    machine: 'virt',
    ...virtioMem,
  },
  {
    name: 'numa',
    machine: 'virt-7.2',
    vcpus: 2,
    memory: '128M',
    options: [
      '-object memory-backend-ram,id=m0,size=64M -object memory-backend-ram,id=m1,size=64M',
      '-numa node,memdev=m0,cpus=0 -numa node,memdev=m1,cpus=1',
      ...usual,
    ],
    life: ['booted', 'heads'],
  },
  {
    name: 'reused',
    machine: 'virt',
    vcpus: 2,
    memory: '96M',
    options: usual,
    life: ['booted', 'reuse', 'rebind', 'wrap'],
  },
  {
    name: 'many-queues',
    machine: 'virt-7.1',
    vcpus: 8,
    memory: '160M',
    options: [
      rootPorts(1),
      '-netdev user,id=net1 -device virtio-net-pci,netdev=net1,romfile=,mq=on,vectors=18,bus=port1',
      disk(1, 'virtio-blk-pci,num-queues=8'),
      disk(2, 'virtio-blk-pci,num-queues=8'),
    ],
    life: ['booted', 'resize', 'cpu-off', 'heads', 'cpu-on', 'unbind'],
  },
  {
    name: 'newest',
    qemu: 'trixie',
    machine: 'virt',
    vcpus: 2,
    memory: '96M',
    options: usual,
    life: ['booted', 'heads', 'rebind', 'unplug', 'wrap', 'heads'],
    unplugs: { id: 'second', option: second },
  },
  {
    name: 'newest-smmuv3',
    qemu: 'trixie',
    machine: 'virt-8.2,iommu=smmuv3',
    vcpus: 2,
    memory: '112M',
    options: translated,
    life: ['booted', 'heads', 'rebind'],
  },
  {
    name: 'newest-virtio-mem',
    qemu: 'trixie',
    machine: 'virt-9.0',
    ...virtioMem,
  },
  {
    name: 'linux-6.1',
    kernel: '6.1',
    machine: 'virt',
    vcpus: 2,
    memory: '128M',
    options: usual,
    life: ['booted', 'litter', 'rebind', 'wrap', 'heads'],
  },
  {
    name: 'linux-6.1-late',
    kernel: '6.1',
    machine: 'virt-7.2',
    vcpus: 2,
    memory: '128M',
    options: usual,
    life: ['booted', 'wrap', 'litter', 'rebind'],
  },
  {
    name: 'linux-7',
    qemu: 'sid',
    kernel: 'sid',
    machine: 'virt',
    vcpus: 2,
    memory: '192M',
    options: usual,
    life: ['booted', 'unbind', 'heads', 'rebind', 'wrap'],
  },
  {
    name: 'nvme',
    qemu: 'sid',
    machine: 'virt-10.1',
    vcpus: 4,
    memory: '128M',
    options: [
      rootPorts(2),
      disk(1, 'nvme,serial=one,max_ioqpairs=8,msix_qsize=9,bus=port1'),
      disk(2, 'nvme,serial=two,max_ioqpairs=4,msix_qsize=5'),
      card(1, 'virtio-net-pci,bus=port2'),
      '-device virtio-rng-pci',
    ],
    life: ['booted', 'heads', 'rebind', 'cpu-off', 'rebind', 'wrap'],
  },
  {
    name: 'nvme-linux-7',
    qemu: 'sid',
    kernel: 'sid',
    machine: 'virt',
    vcpus: 4,
    memory: '224M',
    options: [
      rootPorts(2),
      disk(1, 'nvme,serial=one,max_ioqpairs=16,msix_qsize=17,bus=port1'),
      card(1, 'virtio-net-pci,mq=on,vectors=8,bus=port2'),
      disk(2, 'virtio-blk-pci,num-queues=4'),
      '-device virtio-rng-pci',
    ],
    life: ['booted', 'unbind', 'rebind', 'cpu-off'],
  },
  {
    name: 'igb',
    qemu: 'sid',
    kernel: 'sid',
    machine: 'virt-10.0',
    vcpus: 2,
    memory: '224M',
    options: [rootPorts(2), card(1, 'igb,bus=port1'), disk(1, 'virtio-blk-pci,num-queues=2,bus=port2'), '-device virtio-rng-pci'],
    life: ['vfs', 'no-vfs'],
    unsaved: ['eth1', 'eth2', 'eth3'],
  },
]
