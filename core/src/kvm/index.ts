export { type AttributeRow, gicAttributes, itsAttributes } from './attributes.ts'
export type { KvmDevice, Machine } from './device.ts'
export type { AssignedIrqs } from './gicv4/assigned-irqs.ts'
export type { DirectInjection, MsiEvent } from './gicv4/direct-injection.ts'
export type { DirectSgis } from './gicv4/direct-sgis.ts'
export { GicHost, type HostIrq, type HostShape } from './gicv4/host.ts'
export type { HostVpe } from './gicv4/host-vpe.ts'
export type { VsgiConfig } from './gicv4/vsgi-driver.ts'
export { KvmGic } from './kvm-gic.ts'
export { KvmIts } from './kvm-its.ts'
export { type KvmVcpu, KvmVm, type KvmVmOptions } from './kvm-vm.ts'
export {
  lintRestoreOrder,
  type OrderFinding,
  orderFindingText,
  orderRules,
  qemuRestoreOrder,
  type RestoreStep,
  restoreOrder,
  restoreSteps,
  stepOfItsRegister,
} from './restore-order.ts'
export { type FailedStep, type RestoredVm, type RestoreVmOptions, type RestoreVmOutcome, restoreVm } from './restore-vm.ts'
export { saveSteps } from './save-order.ts'
