#define _GNU_SOURCE
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#define MAX_ITSES 8
#define PAGE_BYTES 4096

/* GITS_CBASER, as KVM_DEV_ARM_VGIC_GRP_ITS_REGS names it. */
#define CBASER 0x80
#define CBASER_ADDRESS 0xffffffffff000ull
#define CBASER_PAGES 0xffull
#define COMMAND_BYTES 32

static int kvm = -1, vm = -1, gic = -1;
static int itses[MAX_ITSES], its_count;

int kvm_open(void)
{
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		return -errno;
	vcpu_run_bytes = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	return 0;
}

void kvm_describe(struct answer *answer)
{
	struct utsname host;

	uname(&host);
	answer_text(answer, "%s|%s|api=%d ipa=%d vcpus=%d", host.release, host.version, ioctl(kvm, KVM_GET_API_VERSION, 0),
		    ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE), ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS));
}

int vm_create(uint64_t ipa_bits)
{
	if (vm >= 0)
		return NOT_UNDERSTOOD;
	vm = timed_ioctl(kvm, KVM_CREATE_VM, (void *)ipa_bits);
	return vm < 0 ? vm : 0;
}

int vm_capability(uint64_t number)
{
	return timed_ioctl(vm < 0 ? kvm : vm, KVM_CHECK_EXTENSION, (void *)number);
}

int vm_slot(unsigned int number, uint64_t base, uint64_t bytes, uint32_t flags)
{
	struct kvm_userspace_memory_region region = {
		.slot = number, .flags = flags, .guest_phys_addr = base, .memory_size = bytes
	};
	int result;

	if (number >= MAX_SLOTS)
		return NOT_UNDERSTOOD;
	if (!bytes) {
		result = timed_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
		return result < 0 ? result : ram_slot(number, 0, 0);
	}
	result = ram_slot(number, base, bytes);
	if (result < 0)
		return result;
	region.userspace_addr = (uint64_t)ram_slot_of(number)->memory;
	return timed_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

int vm_dirty(unsigned int number, struct answer *answer)
{
	uint64_t words = number < MAX_SLOTS ? (ram_slot_of(number)->bytes / PAGE_BYTES + 63) / 64 : 0;
	uint64_t *bitmap = calloc(words, sizeof(*bitmap));
	struct kvm_dirty_log log = { .slot = number, .dirty_bitmap = bitmap };
	const char *comma = "";
	int result;

	if (!bitmap && words)
		stop("memory for a dirty bitmap");
	result = timed_ioctl(vm, KVM_GET_DIRTY_LOG, &log);
	for (uint64_t page = 0; result == 0 && page < words * 64; page++) {
		if (!(bitmap[page / 64] >> page % 64 & 1))
			continue;
		answer_text(answer, "%s%llx", comma, (unsigned long long)page);
		comma = ",";
	}
	free(bitmap);
	return result;
}

int vm_vcpu(unsigned int id)
{
	return vcpu_add(vm, id);
}

int vm_vcpus(unsigned int count)
{
	int result = 0;

	while (count-- && result >= 0)
		result = vm_vcpu(vcpu_next_id());
	return result;
}

static int create_device(uint32_t type)
{
	struct kvm_create_device device = { .type = type };
	int result = timed_ioctl(vm, KVM_CREATE_DEVICE, &device);

	return result < 0 ? result : (int)device.fd;
}

int vm_gic(void)
{
	gic = create_device(KVM_DEV_TYPE_ARM_VGIC_V3);
	return gic < 0 ? gic : 0;
}

int vm_its(void)
{
	int fd;

	if (its_count == MAX_ITSES)
		return NOT_UNDERSTOOD;
	fd = create_device(KVM_DEV_TYPE_ARM_VGIC_ITS);
	if (fd < 0)
		return fd;
	itses[its_count++] = fd;
	return 0;
}

static int device_fd(int which)
{
	if (which == WHICH_GIC)
		return gic;
	if (which == WHICH_LAST_ITS)
		which = its_count - 1;
	return which >= 0 && which < its_count ? itses[which] : -1;
}

int device_attribute(unsigned long request, int which, uint32_t group, uint64_t attribute, uint64_t *value)
{
	struct kvm_device_attr attr = { .group = group, .attr = attribute, .addr = (uint64_t)value };

	return timed_ioctl(device_fd(which), request, &attr);
}

int its_queue(int which, uint64_t offset, const uint8_t *commands, size_t bytes)
{
	uint64_t cbaser = 0, base, size;
	int result = device_attribute(KVM_GET_DEVICE_ATTR, which, KVM_DEV_ARM_VGIC_GRP_ITS_REGS, CBASER, &cbaser);

	if (result < 0)
		return result;
	base = cbaser & CBASER_ADDRESS;
	size = ((cbaser & CBASER_PAGES) + 1) * PAGE_BYTES;
	for (size_t done = 0; done + COMMAND_BYTES <= bytes; done += COMMAND_BYTES) {
		uint8_t *slot = ram_at(base + (offset + done) % size, COMMAND_BYTES);

		if (slot)
			memcpy(slot, commands + done, COMMAND_BYTES);
	}
	return 0;
}

int vm_signal_msi(uint64_t address, uint32_t data, uint32_t device_id, uint32_t flags)
{
	struct kvm_msi msi = {
		.address_lo = address, .address_hi = address >> 32, .data = data, .devid = device_id, .flags = flags
	};

	return timed_ioctl(vm, KVM_SIGNAL_MSI, &msi);
}

static void close_if_open(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void vm_destroy(void)
{
	uint64_t start = now_ns();

	vcpu_close_all();
	while (its_count)
		close(itses[--its_count]);
	close_if_open(&gic);
	close_if_open(&vm);
	ioctl_ns = now_ns() - start;
}
