#define _GNU_SOURCE
#include "agent.h"

#include <errno.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MAX_VCPUS 512
#define MOST_TAKEN 64
#define INTID_MASK 0xffffff
#define SPURIOUS 1023

size_t vcpu_run_bytes;

static unsigned int vcpu_count;
static struct {
	int fd;
	struct kvm_run *run;
} vcpus[MAX_VCPUS];

int vcpu_add(int vm)
{
	struct kvm_vcpu_init init = { 0 };
	unsigned int id = vcpu_count;
	int fd, result;

	if (id >= MAX_VCPUS)
		return NOT_UNDERSTOOD;
	fd = timed_ioctl(vm, KVM_CREATE_VCPU, (void *)(unsigned long)id);
	if (fd < 0)
		return fd;
	vcpus[id].fd = fd;
	vcpus[id].run = mmap(NULL, vcpu_run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	vcpu_count++;
	result = timed_ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init);
	if (result < 0)
		return result;
	init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
	if (id)
		init.features[0] |= 1u << KVM_ARM_VCPU_POWER_OFF;
	return timed_ioctl(fd, KVM_ARM_VCPU_INIT, &init);
}

int vcpu_register(unsigned long request, unsigned int vcpu, uint64_t id, uint64_t *value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uint64_t)value };

	return vcpu < vcpu_count ? timed_ioctl(vcpus[vcpu].fd, request, &reg) : NOT_UNDERSTOOD;
}

/* KVM_RUN until it exits, or until the alarm ends it with EINTR. */
static int run_once(unsigned int vcpu, uint64_t milliseconds)
{
	struct itimerval alarm = { .it_value = { milliseconds / 1000, milliseconds % 1000 * 1000 }, .it_interval = { 0, 100000 } };
	const struct itimerval never = { 0 };
	int result;

	setitimer(ITIMER_REAL, &alarm, NULL);
	result = timed_ioctl(vcpus[vcpu].fd, KVM_RUN, NULL);
	setitimer(ITIMER_REAL, &never, NULL);
	return result;
}

int vcpu_take(unsigned int vcpu, uint64_t milliseconds, struct answer *answer)
{
	const struct kvm_run *run;
	const char *comma = "";
	uint32_t stored;

	if (vcpu >= vcpu_count)
		return NOT_UNDERSTOOD;
	run = vcpus[vcpu].run;
	for (int taken = 0; taken < MOST_TAKEN; taken++) {
		int result = run_once(vcpu, milliseconds);

		if (result < 0)
			return result;
		if (run->exit_reason != KVM_EXIT_MMIO || !run->mmio.is_write)
			return -EIO;
		memcpy(&stored, run->mmio.data, sizeof(stored));
		if ((stored & INTID_MASK) == SPURIOUS)
			return 0;
		answer_text(answer, "%s%x", comma, stored & INTID_MASK);
		comma = ",";
	}
	return 0;
}

/* A vCPU that a thread keeps in KVM_RUN while the agent goes on answering. */
static struct {
	pthread_t thread;
	int fd, alive;
	uint64_t until;
} spinner;

static void *spin(void *nothing)
{
	while (now_ns() < spinner.until)
		ioctl(spinner.fd, KVM_RUN, NULL);
	return nothing;
}

static void sleep_ms(long milliseconds)
{
	nanosleep(&(struct timespec){ 0, milliseconds * (long)MILLISECOND }, NULL);
}

int vcpu_spin(unsigned int vcpu, uint64_t milliseconds)
{
	if (vcpu >= vcpu_count || spinner.alive)
		return NOT_UNDERSTOOD;
	spinner.fd = vcpus[vcpu].fd;
	spinner.until = now_ns() + milliseconds * MILLISECOND;
	if (pthread_create(&spinner.thread, NULL, spin, NULL))
		return -EAGAIN;
	spinner.alive = 1;
	sleep_ms(20); /* time to get into KVM_RUN */
	return 0;
}

int vcpu_join(void)
{
	if (!spinner.alive)
		return NOT_UNDERSTOOD;
	while (now_ns() < spinner.until)
		sleep_ms(5);
	while (pthread_tryjoin_np(spinner.thread, NULL)) {
		pthread_kill(spinner.thread, SIGALRM); /* a signal ends KVM_RUN */
		sleep_ms(5);
	}
	spinner.alive = 0;
	return 0;
}

void vcpu_close_all(void)
{
	while (vcpu_count) {
		vcpu_count--;
		munmap(vcpus[vcpu_count].run, vcpu_run_bytes);
		close(vcpus[vcpu_count].fd);
	}
}
