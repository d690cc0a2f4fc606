import { message } from './message.ts'

export const qemuMessages = {
  'qemu-device-attr': message({
    by: 'QEMU',
    says: ['KVM_<access>_DEVICE_ATTR failed: Group <group> attr <attr>: <answer>'],
    versions: '2.10 and later',
    means:
      'An attribute of the GIC or of the ITS was refused by KVM. QEMU sets them without another way out: it aborts, also in the middle of loading a VM. When a VM is stopped to be saved, it says so and goes on, and the tables in RAM are not those of this save.',
    tells: 'attribute',
    next: ['check'],
    source: 'accel/kvm/kvm-all.c, kvm_device_access; hw/intc/arm_gicv3_its_kvm.c',
  }),
  'qemu-device-access': message({
    by: 'QEMU',
    says: ['Unexpected error in kvm_device_access() at <place>:'],
    versions: '2.10 and later',
    means: 'QEMU aborts because KVM refused an attribute of a device: the next line says which.',
    tells: 'restore',
    wraps: true,
    next: ['check'],
    source: 'util/error.c, error_handle',
  }),
  'qemu-loading-gic': message({
    by: 'QEMU',
    says: ["error while loading state for instance <instance> of device 'arm_gicv3<which>'"],
    versions: 'all that migrate a GICv3',
    means:
      'The section of the GIC or of its ITS in the stream is not what this QEMU expects there: another version or machine, or a damaged file. What KVM refuses does not end so: QEMU aborts then.',
    tells: 'elsewhere',
    next: ['acquit'],
    source: 'migration/savevm.c',
  }),
  'qemu-loading-device': message({
    by: 'QEMU',
    says: [
      "error while loading state for instance <instance> of device '<device>'",
      'error while loading state section id <section>',
    ],
    versions: 'all',
    means:
      'A device of this QEMU does not take its section of the stream. It is not the ITS: compare the machine and the devices on both sides.',
    tells: 'elsewhere',
    next: ['acquit'],
    source: 'migration/savevm.c',
  }),
  'qemu-load-failed': message({
    by: 'QEMU',
    says: ['load of migration failed: <answer>'],
    versions: 'all',
    means: 'QEMU gave up loading the stream and ended. Why is in the line before; the errno here is only the last word of it.',
    tells: 'elsewhere',
    wraps: true,
    next: ['acquit'],
    source: 'migration/migration.c',
  }),
  'qemu-other-machine': message({
    by: 'QEMU',
    says: [
      "Machine type received is '<machine>' and local is '<machine>'",
      "Unknown savevm section or instance '<section>' <instance>",
      'Unknown ramblock "<block>", cannot accept migration',
      'Missing section footer for <section>',
    ],
    versions: 'all of the last years',
    means: 'The stream is of another machine than the one that loads it: other type, version, devices or RAM. It is not the ITS.',
    tells: 'elsewhere',
    next: ['acquit'],
    source: 'migration/savevm.c, migration/ram.c',
  }),
  'qemu-no-stream': message({
    by: 'QEMU',
    says: ['Not a migration stream', 'Unsupported migration stream version'],
    versions: 'all',
    means:
      'The file does not begin as a migration stream does: it is another format, still packed, or has something before the stream.',
    tells: 'elsewhere',
    next: ['acquit'],
    source: 'migration/savevm.c',
  }),
  'qemu-no-its-device': message({
    by: 'QEMU',
    says: ['error creating in-kernel ITS: <answer>'],
    versions: '2.9 and later',
    means:
      'The KVM of this host makes no ITS: its GIC is no GICv3, or the kernel is before 4.8. A VM with an ITS cannot be restored here.',
    tells: 'elsewhere',
    next: ['acquit'],
    source: 'hw/intc/arm_gicv3_its_kvm.c, kvm_arm_its_realize',
  }),
  'qemu-its-not-migrated': message({
    by: 'QEMU',
    says: ['This operating system kernel does not support vITS migration'],
    versions: '2.10 and later',
    means:
      'The KVM of this host has no attribute by which the registers of an ITS are read: it is before 4.13. The VM runs and cannot be saved.',
    tells: 'elsewhere',
    next: ['kernels'],
    source: 'hw/intc/arm_gicv3_its_kvm.c, kvm_arm_its_realize',
  }),
  'qemu-no-its-reset': message({
    by: 'QEMU',
    says: ['ITS KVM: full reset is not supported by the host kernel'],
    versions: '2.11 and later',
    means:
      'The KVM of this host has no KVM_DEV_ARM_ITS_CTRL_RESET: it is before 4.15. After a reboot of the guest KVM keeps what was mapped before, and a save writes it.',
    tells: 'interrupts',
    next: ['kernels', 'check'],
    source: 'hw/intc/arm_gicv3_its_kvm.c, kvm_arm_its_reset_hold',
  }),
} as const
