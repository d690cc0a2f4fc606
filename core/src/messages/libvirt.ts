import { message } from './message.ts'

export const libvirtMessages = {
  'libvirt-qemu-gone': message({
    by: 'libvirt',
    says: [
      'QEMU unexpectedly closed the monitor (vm=<vm>): <tail>',
      'qemu unexpectedly closed the monitor: <tail>',
      'process exited while connecting to monitor: <tail>',
    ],
    versions: 'all; the name of the VM is in it since 2024',
    means:
      'QEMU ended while the VM was started, restored or migrated to. What follows is the end of what QEMU said: that line tells why.',
    tells: 'restore',
    wraps: true,
    next: ['check'],
    source: 'src/qemu/qemu_process.c',
  }),
  'libvirt-managed-state': message({
    by: 'libvirt',
    says: ['Unable to restore from managed state <path>. Maybe the file is corrupted?'],
    versions: 'all',
    means:
      'The VM was to be started from its managed save, and that failed for whatever reason. The file is kept. Do not remove it (virsh managedsave-remove) before it was looked at: the VM would boot anew.',
    tells: 'restore',
    wraps: true,
    next: ['check'],
    source: 'src/qemu/qemu_driver.c',
  }),
  'libvirt-save-incomplete': message({
    by: 'libvirt',
    says: ['save image is incomplete'],
    versions: 'all',
    means:
      'The save did not come to its end: it is still being written, or was interrupted. What is in the file may still be judged.',
    tells: 'elsewhere',
    next: ['acquit'],
    source: 'src/qemu/qemu_saveimage.c',
  }),
  'libvirt-no-save': message({
    by: 'libvirt',
    says: ['image magic is incorrect'],
    versions: 'all',
    means: 'The file is no save of libvirt: perhaps a bare migration stream of QEMU, or packed as a whole.',
    tells: 'elsewhere',
    next: ['acquit'],
    source: 'src/qemu/qemu_saveimage.c',
  }),
} as const
