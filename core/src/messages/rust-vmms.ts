import { message } from './message.ts'

export const rustVmmMessages = {
  'firecracker-restore-gic': message({
    by: 'Firecracker',
    says: ["Failed to restore the VM's GIC state: <answer>"],
    versions: '0.24 and later',
    means:
      'A call that gives KVM the saved GIC back was refused: of the distributor, a redistributor, a CPU interface, or since 1.13 of the ITS and its tables. The errno tells more than the text.',
    tells: 'restore',
    next: ['check', 'pages'],
    source: 'src/vmm/src/arch/aarch64/vm.rs, RestoreGic',
  }),
  'firecracker-save-gic': message({
    by: 'Firecracker',
    says: ["Failed to save the VM's GIC state: <answer>"],
    versions: '0.24 and later',
    means:
      'A call that reads the GIC, or since 1.13 has KVM write the tables of the ITS into guest RAM, was refused: there is no snapshot.',
    tells: 'elsewhere',
    next: ['kernels'],
    source: 'src/vmm/src/arch/aarch64/vm.rs, SaveGic',
  }),
  'firecracker-attribute': message({
    by: 'Firecracker',
    says: [
      'Error while setting or getting device attributes for the GIC: <answer>, <isSet>, <group>',
      'Error while setting or getting device attributes for the GIC: <answer>',
    ],
    versions: '0.24 and later; with the group since 1.2',
    means:
      'KVM refused an attribute of the GIC or of the ITS. After the errno stands whether it was set, and its group: 4 is where tables are restored and saved, 8 are registers of the ITS. Which attribute of the group it was is not told.',
    tells: 'attribute',
    next: ['check', 'pages'],
    source: 'src/vmm/src/arch/aarch64/gic/mod.rs, DeviceAttribute',
  }),
  'firecracker-no-its-state': message({
    by: 'Firecracker',
    says: ['ITS state is missing.'],
    versions: '1.15 and later',
    means:
      'The snapshot has no state of an ITS: it was made by a Firecracker before 1.13, which gave its VMs none, or on a host with a GICv2.',
    tells: 'elsewhere',
    next: ['acquit'],
    source: 'src/vmm/src/arch/aarch64/gic/mod.rs, MissingItsState',
  }),
  'firecracker-vcpu-count': message({
    by: 'Firecracker',
    says: ["The number of vCPUs in the GicState doesn't match the number of vCPUs on the system."],
    versions: '1.2 and later',
    means: 'The snapshot was made with another number of vCPUs than the VM has that is to take it. It is not the ITS.',
    tells: 'elsewhere',
    next: ['acquit'],
    source: 'src/vmm/src/arch/aarch64/gic/mod.rs, InconsistentVcpuCount',
  }),
  'cloud-hypervisor-restore-gic': message({
    by: 'Cloud Hypervisor',
    says: ['Failed restoring GIC device', 'RestoreGic(<answer>)'],
    versions: 'v29 and later; in words since v40',
    means:
      'A call that gives KVM the saved GIC, its ITS or the tables of the ITS back was refused. The causes below it, down to the errno, tell which.',
    tells: 'restore',
    next: ['check'],
    source: 'devices/src/interrupt_controller.rs; hypervisor/src/kvm/aarch64/gic/mod.rs, set_state',
  }),
  'cloud-hypervisor-attribute': message({
    by: 'Cloud Hypervisor',
    says: ['Failed <access> device attributes for the GIC', 'Failed to set device attribute', 'Failed to get device attribute'],
    versions: 'v25 and later',
    means:
      'KVM refused an attribute of the GIC or of the ITS: while a VM is restored, of what was saved; while one is saved, the writing of its tables.',
    tells: 'restore',
    next: ['check'],
    source: 'hypervisor/src/arch/aarch64/gic.rs; hypervisor/src/device.rs',
  }),
  'crosvm-no-its-snapshot': message({
    by: 'crosvm',
    says: ['snapshot of vGIC ITS not supported yet'],
    versions: 'those of 2026 that make an ITS',
    means: 'crosvm saves no VM that has an ITS. There is no snapshot, and nothing is wrong with the VM.',
    tells: 'elsewhere',
    next: [],
    source: 'devices/src/irqchip/kvm/aarch64.rs, snapshot',
  }),
  'crosvm-pending-tables': message({
    by: 'crosvm',
    says: ['ioctl KVM_SET_DEVICE_ATTR for save_gic_attr failed.'],
    versions: 'those that make snapshots on arm64',
    means: 'KVM refused to write the pending tables (KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES): there is no snapshot.',
    tells: 'elsewhere',
    next: ['kernels'],
    source: 'devices/src/irqchip/kvm/aarch64.rs, snapshot',
  }),
} as const
