import { card, disk } from '../guests/devices.ts'
import type { GuestHardware } from '../guests/machines.ts'

const thread = '-object iothread,id=thread'

/** Machines that are saved under load. One network card each, and disks whose queues have vectors of their own. */
export const loadedMachines: readonly GuestHardware[] = [
  {
    name: 'load-small',
    machine: 'virt',
    vcpus: 1,
    memory: '96M',
    options: [disk(1, 'virtio-blk-pci'), disk(2, 'virtio-blk-pci'), card(1, 'virtio-net-pci')],
  },
  {
    name: 'load-queues',
    machine: 'virt',
    vcpus: 2,
    memory: '96M',
    options: [
      thread,
      disk(1, 'virtio-blk-pci,num-queues=2'),
      disk(2, 'virtio-blk-pci,num-queues=2,iothread=thread'),
      card(1, 'virtio-net-pci,mq=on,vectors=8'),
    ],
  },
  {
    name: 'load-packed',
    machine: 'virt-7.1',
    vcpus: 2,
    memory: '96M',
    options: [
      disk(1, 'virtio-blk-pci,num-queues=2,packed=on'),
      disk(2, 'virtio-blk-pci,num-queues=1,packed=on,event_idx=off'),
      card(1, 'virtio-net-pci,packed=on'),
    ],
  },
  {
    name: 'load-flags',
    machine: 'virt-6.2',
    vcpus: 2,
    memory: '96M',
    options: [
      disk(1, 'virtio-blk-pci,num-queues=2,event_idx=off'),
      disk(2, 'virtio-blk-pci,num-queues=1,disable-modern=on,disable-legacy=off'),
      card(1, 'virtio-net-pci,event_idx=off'),
    ],
  },
  {
    name: 'load-scsi',
    machine: 'virt',
    vcpus: 2,
    memory: '96M',
    options: [
      '-device virtio-scsi-pci,id=scsi,num_queues=2',
      disk(1, 'scsi-hd,bus=scsi.0'),
      disk(2, 'virtio-blk-pci,num-queues=2'),
      card(1, 'virtio-net-pci'),
      '-device virtio-rng-pci',
    ],
  },
  {
    name: 'load-6.1',
    kernel: '6.1',
    machine: 'virt-7.2',
    vcpus: 2,
    memory: '128M',
    options: [
      disk(1, 'virtio-blk-pci,num-queues=2'),
      disk(2, 'virtio-blk-pci,num-queues=1'),
      card(1, 'virtio-net-pci,mq=on,vectors=8'),
    ],
  },
  {
    name: 'load-newer',
    qemu: 'trixie',
    machine: 'virt',
    vcpus: 2,
    memory: '96M',
    options: [
      thread,
      disk(1, 'virtio-blk-pci,num-queues=2,iothread=thread'),
      disk(2, 'virtio-blk-pci,num-queues=2,packed=on'),
      card(1, 'virtio-net-pci'),
    ],
  },
  {
    name: 'load-newest',
    qemu: 'sid',
    kernel: 'sid',
    machine: 'virt',
    vcpus: 4,
    memory: '192M',
    options: [
      disk(1, 'virtio-blk-pci,num-queues=4'),
      disk(2, 'virtio-blk-pci,num-queues=2'),
      card(1, 'virtio-net-pci,mq=on,vectors=8'),
    ],
  },
  {
    name: 'load-nvme',
    qemu: 'sid',
    machine: 'virt-10.1',
    vcpus: 2,
    memory: '128M',
    options: [
      disk(1, 'nvme,serial=one,max_ioqpairs=2,msix_qsize=3'),
      disk(2, 'virtio-blk-pci,num-queues=2'),
      card(1, 'virtio-net-pci'),
    ],
  },
]
