import { paths } from './option.ts'

/** What KVM's debugfs told while the VM ran. */
export const vgicItsState = paths(
  '--vgic-its-state <file>',
  'what debugfs of the host told of the VM: a copy of kvm/PID-FD/vgic-its-state@BASE, or of vgic-state; once for each',
)
