import { KVM_DEV_ARM_VGIC_GRP as GROUP, KVM_IOCTL as IOCTL, KVM_CREATE_DEVICE_TEST } from '../abi/index.ts'

const hexadecimal = (number: number) => `0x${number.toString(16)}`
const traced = [
  'CREATE_VM',
  'CREATE_VCPU',
  'CREATE_DEVICE',
  'SET_DEVICE_ATTR',
  'GET_DEVICE_ATTR',
  'SET_USER_MEMORY_REGION',
  'SET_USER_MEMORY_REGION2',
  'GET_DIRTY_LOG',
  'SIGNAL_MSI',
  'RUN',
] as const
const is = (name: keyof typeof IOCTL) => `@cmd[tid] == ${hexadecimal(IOCTL[name])}`
/** The tracepoint has the whole register, and a VMM that keeps the command in an int extends its sign: QEMU does. */
const COMMAND = '(args->cmd & 0xffffffff)'
/** Registers of 64 bits; those of the distributor and the redistributors have 32, and CTRL has no value. */
const wide = [GROUP.ADDR, GROUP.CPU_SYSREGS, GROUP.ITS_REGS]

/** A line is one printf: what CPUs print comes through a buffer of each, and two of them may take turns in the middle of a line. */
const attribute =
  '{\\"op\\":\\"%s\\",\\"t\\":\\"%llu\\",\\"pid\\":%d,\\"fd\\":%u,\\"ret\\":%lld,\\"group\\":%u,\\"attr\\":\\"0x%llx\\"'
const attributeOf = '$op, nsecs, pid, @fd[tid], $ret, $a->group, $a->attr'

/**
 * A program for bpftrace that prints a VMM's ioctls as `parseTrace` reads them. Numbers of 64 bits are text: JSON keeps 53 of them.
 *
 * @source bpftrace 0.17 reference; Linux include/uapi/linux/kvm.h
 */
export function traceScript(): string {
  return `#!/usr/bin/env bpftrace
/*
 * The ioctls by which a VMM saves and restores a VM's interrupts, one JSON object a line: vits lint reads them.
 *   bpftrace -q vits-trace.bt > trace.jsonl       as root, on the host, while the VMM saves or restores; Ctrl-C ends it
 * A process that is traced from its start tells more: what is not in the trace was then not done.
 */
struct vits_device_attr { uint32_t flags; uint32_t group; uint64_t attr; uint64_t addr; };
struct vits_create_device { uint32_t type; uint32_t fd; uint32_t flags; };
struct vits_userspace_memory_region { uint32_t slot; uint32_t flags; uint64_t base; uint64_t bytes; uint64_t addr; };
struct vits_dirty_log { uint32_t slot; };
struct vits_msi { uint32_t address_lo; uint32_t address_hi; uint32_t data; uint32_t flags; uint32_t devid; };

tracepoint:syscalls:sys_enter_ioctl
/${traced.map((name) => `${COMMAND} == ${hexadecimal(IOCTL[name])}`).join(' ||\n ')}/
{
  @cmd[tid] = ${COMMAND};
  @fd[tid] = args->fd;
  @arg[tid] = args->arg;
  if (${is('RUN')} && @busy[pid]) {
    printf("{\\"op\\":\\"run\\",\\"t\\":\\"%llu\\",\\"pid\\":%d,\\"fd\\":%u}\\n", nsecs, pid, args->fd);
    @busy[pid] = 0;
  }
}

tracepoint:syscalls:sys_exit_ioctl
/@cmd[tid] && @cmd[tid] != ${hexadecimal(IOCTL.RUN)}/
{
  $ret = args->ret;
  if (${is('SET_DEVICE_ATTR')} || ${is('GET_DEVICE_ATTR')}) {
    $a = (struct vits_device_attr *)uptr(@arg[tid]);
    $op = ${is('SET_DEVICE_ATTR')} ? "set" : "get";
    if (${wide.map((group) => `$a->group == ${group}`).join(' || ')}) {
      printf("${attribute},\\"value\\":\\"0x%llx\\"}\\n", ${attributeOf}, *(uint64 *)uptr($a->addr));
    } else if ($a->group != ${GROUP.CTRL}) {
      printf("${attribute},\\"value\\":\\"0x%x\\"}\\n", ${attributeOf}, *(uint32 *)uptr($a->addr));
    } else {
      printf("${attribute}}\\n", ${attributeOf});
    }
  }
  if (${is('CREATE_DEVICE')}) {
    $d = (struct vits_create_device *)uptr(@arg[tid]);
    if (!($d->flags & ${KVM_CREATE_DEVICE_TEST})) {
      printf("{\\"op\\":\\"create\\",\\"t\\":\\"%llu\\",\\"pid\\":%d,\\"vm\\":%u,\\"fd\\":%u,\\"type\\":%u,\\"ret\\":%lld}\\n", nsecs, pid, @fd[tid], $d->fd, $d->type, $ret);
    }
  }
  if (${is('CREATE_VM')}) {
    printf("{\\"op\\":\\"create-vm\\",\\"t\\":\\"%llu\\",\\"pid\\":%d,\\"ret\\":%lld}\\n", nsecs, pid, $ret);
  }
  if (${is('CREATE_VCPU')}) {
    printf("{\\"op\\":\\"vcpu\\",\\"t\\":\\"%llu\\",\\"pid\\":%d,\\"vm\\":%u,\\"id\\":%llu,\\"ret\\":%lld}\\n", nsecs, pid, @fd[tid], @arg[tid], $ret);
  }
  if (${is('SET_USER_MEMORY_REGION')} || ${is('SET_USER_MEMORY_REGION2')}) {
    $m = (struct vits_userspace_memory_region *)uptr(@arg[tid]);
    printf("{\\"op\\":\\"memory\\",\\"t\\":\\"%llu\\",\\"pid\\":%d,\\"vm\\":%u,\\"slot\\":%u,\\"base\\":\\"0x%llx\\",\\"bytes\\":\\"0x%llx\\",\\"ret\\":%lld}\\n", nsecs, pid, @fd[tid], $m->slot, $m->base, $m->bytes, $ret);
  }
  if (${is('GET_DIRTY_LOG')}) {
    $l = (struct vits_dirty_log *)uptr(@arg[tid]);
    printf("{\\"op\\":\\"dirty-log\\",\\"t\\":\\"%llu\\",\\"pid\\":%d,\\"vm\\":%u,\\"slot\\":%u,\\"ret\\":%lld}\\n", nsecs, pid, @fd[tid], $l->slot, $ret);
  }
  if (${is('SIGNAL_MSI')}) {
    $i = (struct vits_msi *)uptr(@arg[tid]);
    printf("{\\"op\\":\\"msi\\",\\"t\\":\\"%llu\\",\\"pid\\":%d,\\"vm\\":%u,\\"devid\\":%u,\\"data\\":%u,\\"ret\\":%lld}\\n", nsecs, pid, @fd[tid], $i->devid, $i->data, $ret);
  }
  @busy[pid] = 1;
}

tracepoint:syscalls:sys_exit_ioctl
/@cmd[tid]/
{
  delete(@cmd[tid]);
  delete(@fd[tid]);
  delete(@arg[tid]);
}

/* An eventfd that KVM turns into an MSI: so devices send theirs, vhost and other processes too. It needs BTF, and Linux 5.3 or newer. */
kprobe:vgic_its_inject_cached_translation
/@cmd[tid] != ${hexadecimal(IOCTL.SIGNAL_MSI)}/
{
  $vmm = ((struct kvm *)arg0)->userspace_pid;
  printf("{\\"op\\":\\"msi\\",\\"t\\":\\"%llu\\",\\"pid\\":%d,\\"data\\":%u}\\n", nsecs, $vmm, ((struct vits_msi *)arg1)->data);
}

END
{
  clear(@cmd);
  clear(@fd);
  clear(@arg);
  clear(@busy);
}
`
}
