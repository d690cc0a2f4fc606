/** A step of a save, and what becomes of a VM whose VMM takes it too late or not at all. */
interface SaveStepRow {
  readonly does: string
  readonly otherwise: string
}

/**
 * The steps that take the LPI side of a VM out of KVM, in the order in which a VMM takes them.
 *
 * @source Linux Documentation/virt/kvm/devices/arm-vgic-its.rst and arm-vgic-v3.rst; what VMMs got wrong: `saveRules`
 */
export const saveSteps = {
  pause: {
    does: 'every vCPU leaves KVM_RUN and stays out',
    otherwise: 'the saves answer EBUSY; what runs on may change what is saved',
  },
  quiesce: {
    does: 'every device of the VMM, of vhost and of VFIO has sent its last interrupt: requests are drained, eventfds read',
    otherwise: 'an MSI that comes later is pending in KVM and in no table: lost, and its driver may wait for ever',
  },
  pending: {
    does: 'KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES, on the GIC',
    otherwise: 'LPIs that are pending in KVM are lost',
  },
  tables: {
    does: 'KVM_DEV_ARM_ITS_SAVE_TABLES, on every ITS',
    otherwise: 'guest RAM holds the tables of an earlier save, or none, and a restore brings those back',
  },
  registers: {
    does: 'the registers of the distributor, of every redistributor by its own affinity, and of every ITS',
    otherwise: 'nothing says where the tables are; registers of one vCPU under the affinity of another lose its pending LPIs',
  },
  'last-pages': {
    does: 'the last pass over dirty pages: KVM wrote tables and pending bits itself, seen by the dirty log and by no write fault',
    otherwise: 'what is sent or stored has older tables: EFAULT or EINVAL on restore, or interrupts are missing',
  },
} as const satisfies Readonly<Record<string, SaveStepRow>>
