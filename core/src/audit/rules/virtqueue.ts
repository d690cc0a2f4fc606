import { rule } from './rule.ts'

/** What lets a virtqueue, the vCPUs and the pending tables tell of an interrupt that its driver is owed. */
export const virtqueueRules = {
  'R-virtq-ahead': rule({
    witness: 'virtqueue',
    says: 'owed',
    when: 'the device has used the buffer of which the driver asked to be told: the used index is past used_event, in a packed ring past the descriptor of its event suppression',
    limit:
      'without VIRTIO_F_EVENT_IDX, where the ring does not tell what the driver has taken out; a used_event farther than the ring is long from what was given or used; a ring that does not agree with the index that the device saved',
    holds: 'all guests read. Linux writes used_event as it takes buffers out, and since 5.14 writes 0 when it wants none',
    source:
      'Virtual I/O Device 1.3, "Used Buffer Notification Suppression"; virtqueue_enable_cb_prepare_split, virtqueue_disable_cb_split',
  }),
  'R-virtq-emptied': rule({
    witness: 'virtqueue',
    says: 'owed',
    when: 'its driver takes all used buffers out whenever it is told of one, and asks to be told of the next before it is done',
    limit: 'R-virtq-left',
    holds: 'Linux: request queues of blk, scsi, fs, 9p, rng, pmem and their control and event queues; gpu; input events',
    source: 'virtblk_done, virtscsi_vq_done, virtio_fs_requests_done_work, req_done, random_recv_done, virtinput_recv_events',
  }),
  'R-virtq-left': rule({
    witness: 'virtqueue',
    says: 'owed',
    weak: true,
    when: 'its driver may leave used buffers where they are: those of a network interface that is down, or sent packets until the next is sent; or the guest is not known to be Linux',
    limit:
      'R-virtq-emptied. Of a console, of what is not known here, and of one whose vCPU ran in its kernel, a queue says nothing',
    holds: 'all guests',
    source: 'virtnet_close, free_old_xmit; get_inbuf',
  }),
  'R-pend-clear': rule({
    witness: 'pending table',
    says: 'owed',
    when: 'the LPI is enabled, and its bit is clear in the pending table of the vCPU that its collection names',
    limit:
      'a bit that is set: the restore makes the interrupt pending; an LPI that is disabled or a vector that is masked: its driver wants none now',
    holds: 'all: it is what a restore reads',
    source: 'vgic_v3_lpi_sync_pending_status',
  }),
  'R-vcpu-wait': rule({
    witness: 'vCPU state',
    says: 'owed',
    when: 'every vCPU waits in WFI or is off: no interrupt handler was called and not yet done',
    limit: 'a vCPU that was running, or of which it is not known: R-vcpu-target, R-vcpu-other, R-vcpu-run, R-vcpu-unknown',
    holds: 'kernels that wait in WFI with nothing left to do: Linux, which runs soft interrupts and threads before',
    source: 'cpu_do_idle; kvm_handle_wfx',
  }),
  'R-vcpu-target': rule({
    witness: 'vCPU state',
    says: 'owed',
    when: 'the handler itself empties the queue, and the vCPU to which the interrupt goes has no active priority (ICC_AP<n>R<m>_EL1; where the file does not tell: waits in WFI, is off or runs a program), and none of the last 8 commands of the ITS moved the event: the handler was not at work',
    limit:
      'a queue that a thread empties, or an event that was just moved: R-vcpu-other; a vCPU with an active priority: R-vcpu-run',
    holds:
      'Linux in a guest, which drops the priority of an interrupt when its handler is done; with threaded interrupts their threads are kept on the vCPU of the interrupt. Not where EOImode is 1, as in a guest hypervisor: there the priority tells nothing',
    source: 'Arm IHI 0069, "Interrupt prioritization"; handle_fasteoi_irq, gic_eoi_irq; irq_thread_check_affinity',
  }),
  'R-vcpu-other': rule({
    witness: 'vCPU state',
    says: 'owed',
    weak: true,
    when: 'the vCPU to which the interrupt goes was in no handler; on another vCPU the rest of its work may be done',
    limit: 'R-vcpu-wait, R-vcpu-target, R-vcpu-run',
    holds: 'Linux',
    source: 'queue_work; napi_threaded_poll; its_set_affinity',
  }),
  'R-vcpu-run': rule({
    witness: 'vCPU state',
    says: 'silent',
    when: 'the vCPU to which the interrupt goes has an active priority, or of a queue that a thread empties ran in its kernel or a program: it may have been at that work, or the work may take turns with the program',
    limit: 'a vCPU without an active priority',
    holds: 'all',
    source: 'gic_handle_irq; wakeup_softirqd',
  }),
  'R-vcpu-unknown': rule({
    witness: 'vCPU state',
    says: 'silent',
    when: 'the file tells neither what a vCPU did, or its code is not there to be read, nor of active priorities',
    limit: 'vCPUs of which it is known: R-vcpu-wait, R-vcpu-target, R-vcpu-other, R-vcpu-run',
    holds: 'all',
    source: 'none is needed',
  }),
} as const
