/** What happens in a guest between two saves: lines for its shell, or an act of its QEMU. */
export type GuestEvent =
  | { readonly says: string; readonly shell: string; readonly seconds?: number }
  | { readonly says: string; readonly act: 'nothing' | 'unplug' | 'reboot' }

const DRIVERS = 'cd /sys/bus/pci/drivers'
/** Commands that the wrap needs: a ring of 64 KiB holds 2048, and a change of affinity takes two. */
const CHANGES = 1100
/** A rebind of a device with two vectors takes ten. */
const REBINDS = 240

const UNMAP_HEADS = `for driver in pcieport virtio-pci; do
cd /sys/bus/pci/drivers/$driver 2>/dev/null || continue
for f in 0000:*; do [ -e $f ] && echo $f >unbind; break; done
done
sleep 1`

/** The events, by name. Their scripts use what every guest here has. */
export const events = {
  booted: { says: 'nothing but the boot', act: 'nothing' },
  unbind: {
    says: 'every second function of virtio loses its driver',
    shell: `${DRIVERS}/virtio-pci
n=0
for f in 0000:*; do n=$((n+1)); [ $((n % 2)) = 0 ] && echo $f >unbind; done
sleep 1; true`,
  },
  heads: {
    says: 'the first root port and the first function of virtio lose their drivers: the lowest DeviceIDs',
    shell: UNMAP_HEADS,
  },
  reuse: {
    says: 'the same on one CPU, and all other functions of virtio are bound anew: what they allocate takes the memory of the ITTs',
    shell: `taskset -p 1 $$ >/dev/null
${UNMAP_HEADS}
cd /sys/bus/pci/drivers/virtio-pci
list=; for f in 0000:*; do [ -e $f ] && list="$list $f"; done
for f in $list; do echo $f >unbind; done
for f in $list; do echo $f >bind; done
sleep 2; taskset -p ff $$ >/dev/null`,
  },
  litter: {
    says: 'the lowest DeviceIDs lose their drivers, and much is opened and mounted that may lie where their ITTs were',
    shell: `${UNMAP_HEADS}
mkdir -p /dev/pts && mount -t devpts pts /dev/pts
n=0; while [ $n -lt 100 ]; do n=$((n+1)); sleep 100000 3<>/dev/ptmx & done
n=0; while [ $n -lt 40 ]; do n=$((n+1)); mkdir -p /tmp/litter$n; mount -t tmpfs litter /tmp/litter$n; done
sleep 1`,
  },
  rebind: {
    says: 'every function of virtio and NVMe is unbound and bound again, the last one first',
    shell: `${DRIVERS}
list=; for f in virtio-pci/0000:* nvme/0000:*; do [ -e $f ] && list="$f $list"; done
for f in $list; do echo \${f#*/} >\${f%/*}/unbind; done
for f in $list; do echo \${f#*/} >\${f%/*}/bind; done
for f in /sys/bus/pci/devices/*; do [ -e $f/driver ] || echo \${f##*/} >/sys/bus/pci/drivers_probe; done
sleep 2; true`,
  },
  resize: {
    says: 'the driver of virtio disks is loaded anew with two queues each',
    shell: 'rmmod virtio_blk && insmod /modules/*-virtio_blk.ko num_request_queues=2; sleep 1',
  },
  'cpu-off': {
    says: 'the last CPU goes off line',
    shell: `cd /sys/devices/system/cpu; for c in cpu[1-9]*; do :; done; echo 0 >$c/online`,
  },
  'cpu-on': {
    says: 'every CPU comes on line',
    shell: 'cd /sys/devices/system/cpu; for c in cpu[1-9]*/online; do echo 1 >$c; done; true',
  },
  wrap: {
    says: 'the command ring goes round: changes of affinity, or on one CPU rebinds of the last function of virtio',
    seconds: 600,
    shell: `echo 'file drivers/irqchip/irq-gic-v3-its.c -p' >/sys/kernel/debug/dynamic_debug/control
n=0
if [ -e /sys/devices/system/cpu/cpu1 ]; then
  for i in $(sed -n 's/^ *\\([0-9]*\\):.*ITS-PCI-MSI.*/\\1/p' /proc/interrupts); do echo 1 >/proc/irq/$i/smp_affinity 2>/dev/null && break; done
  while [ $n -lt ${CHANGES / 2} ]; do echo 2; echo 1; n=$((n+1)); done | while read mask; do echo $mask >/proc/irq/$i/smp_affinity || break; done
else
  cd /sys/bus/pci/drivers/virtio-pci; for f in 0000:*; do [ -e $f/msi_irqs ] && last=$f; done
  while [ $n -lt ${REBINDS} ]; do echo $last >unbind; echo $last >bind; n=$((n+1)); done
fi
echo 'file drivers/irqchip/irq-gic-v3-its.c +p' >/sys/kernel/debug/dynamic_debug/control`,
  },
  vfs: {
    says: 'three virtual functions of each card that has some, with their interfaces up',
    shell: `for f in /sys/bus/pci/devices/*/sriov_numvfs; do echo 3 >$f; done
sleep 5; for card in /sys/class/net/eth*; do ifconfig \${card##*/} up; done; sleep 2`,
  },
  'no-vfs': {
    says: 'virtual functions go',
    shell: 'for f in /sys/bus/pci/devices/*/sriov_numvfs; do echo 0 >$f; done; sleep 2',
  },
  unplug: { says: 'a device behind a root port is unplugged', act: 'unplug' },
  reboot: { says: 'the guest reboots', act: 'reboot' },
} as const satisfies Record<string, GuestEvent>

export type EventName = keyof typeof events
