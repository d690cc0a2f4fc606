import { quirks, releasesWith } from '../abi/index.ts'
import { message } from './message.ts'

export const linuxMessages = {
  'guest-queue-timeout': message({
    by: "the guest's kernel",
    says: ['ITS queue timeout (<indices>)', 'ITS queue timeout', 'ITS cmd <builder> failed', 'ITS queue not draining'],
    versions: 'Linux 6.1 to 7.3, and before',
    means:
      'The guest wrote commands and GITS_CREADR did not come to them: the ITS is off, its queue is not where the guest has it, or CREADR stands where KVM does not go on. What the guest maps from now on is not mapped.',
    tells: 'interrupts',
    next: ['check', 'live'],
    source: 'drivers/irqchip/irq-gic-v3-its.c',
  }),
  'guest-not-quiescent': message({
    by: "the guest's kernel",
    says: ['ITS@<frame>: failed to quiesce: <answer>', 'ITS@<frame>: failed to quiesce on resume: <answer>'],
    versions: 'Linux 6.1 to 7.3, and before',
    means:
      'The ITS was to be turned off for a suspend or a kexec, and GITS_CTLR.Quiescent stayed 0: commands are in its queue that it does not run.',
    tells: 'interrupts',
    next: ['check', 'live'],
    source: 'drivers/irqchip/irq-gic-v3-its.c, its_save_disable, its_restore_enable',
  }),
  'guest-nvme-polled': message({
    by: "the guest's kernel",
    says: ['nvme <device>: I/O <request> timeout, completion polled'],
    versions: 'Linux 6.1 to 7.3, and before',
    means:
      'An NVMe disk had done its work, and the interrupt that tells it did not arrive: the driver saw it only when it looked, after its timeout. It is the plainest word there is of a lost interrupt.',
    tells: 'interrupts',
    next: ['hang', 'live'],
    source: 'drivers/nvme/host/pci.c, nvme_timeout',
  }),
  'guest-virtio-net-timeout': message({
    by: "the guest's kernel",
    says: ['TX timeout on queue: <queue>, sq: <name>, vq: <index>, name: <name>, <time> usecs ago'],
    versions: 'Linux 5.17 and later',
    means:
      'Nothing came back of what a virtio network card was given to send: its interrupt is lost, or the device does not see the queue.',
    tells: 'interrupts',
    next: ['hang', 'live'],
    source: 'drivers/net/virtio_net.c, virtnet_tx_timeout',
  }),
  'guest-netdev-watchdog': message({
    by: "the guest's kernel",
    says: ['NETDEV WATCHDOG: <device>: transmit queue <queue> timed out'],
    versions: 'Linux 6.1 to 7.3, and before',
    means:
      'Nothing came back of what a network card was given to send. After a restore that is mostly an interrupt that was lost, or is not mapped any more.',
    tells: 'interrupts',
    next: ['hang', 'live'],
    source: 'net/sched/sch_generic.c, dev_watchdog',
  }),
  'guest-hung-task': message({
    by: "the guest's kernel",
    says: ['INFO: task <task> blocked<how> for more than <time> seconds'],
    versions: 'Linux 6.1 to 7.3, and before',
    means:
      'A task waits for what does not come. After a restore that may be a disk whose interrupt was lost; or storage that is slow, or gone.',
    tells: 'interrupts',
    next: ['hang', 'live'],
    source: 'kernel/hung_task.c',
  }),
  'guest-nobody-cared': message({
    by: "the guest's kernel",
    says: ['irq <irq>: nobody cared'],
    versions: 'Linux 6.1 to 7.3, and before',
    means:
      'An interrupt arrived again and again for which no driver has work: after a restore it may be a dead event that came back with an LPI which another device has now.',
    tells: 'interrupts',
    next: ['hang'],
    source: 'kernel/irq/spurious.c',
  }),
  'guest-lpis-left-on': message({
    by: "the guest's kernel",
    says: ['GICv3: CPU<cpu>: Booted with LPIs enabled, memory probably corrupted', 'CPU<cpu>: Failed to disable LPIs'],
    versions: 'Linux 6.1 to 7.3, and before',
    means:
      'The kernel was started by another (kexec, kdump) that left the redistributors on, with tables in memory that this one does not know. It is no word of a save or a restore.',
    tells: 'elsewhere',
    next: ['live'],
    source: 'drivers/irqchip/irq-gic-v3-its.c',
  }),
  'host-soft-lockup': message({
    by: "the host's kernel",
    says: ['watchdog: BUG: soft lockup - CPU#<cpu> stuck for <time>! [<task>]'],
    versions: 'Linux 6.1 to 7.3, and before',
    means:
      'A thread did not leave the kernel for twenty seconds. When it is a VMM that restores a VM, KVM goes through tables that are far too large, with all vCPUs locked.',
    tells: 'stall',
    next: ['check'],
    source: 'kernel/watchdog.c',
  }),
  'host-oops-in-save': message({
    by: "the host's kernel",
    says: ['pc : vgic_its_save_<function>'],
    versions: releasesWith(quirks['null-collection-oops']),
    means:
      'Saving the tables ended in a NULL pointer: an event has a collection that its guest has unmapped (CVE-2026-89912). The VMM is gone and locks stay taken: the host has to be rebooted.',
    tells: 'elsewhere',
    next: ['kernels', 'live'],
    source: 'arch/arm64/kvm/vgic/vgic-its.c; the quirk null-collection-oops',
  }),
} as const
