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
static struct vcpu {
	unsigned int id;
	int fd;
	struct kvm_run *run;
} vcpus[MAX_VCPUS];

static struct vcpu *vcpu_of(unsigned int id)
{
	for (struct vcpu *vcpu = vcpus; vcpu < vcpus + vcpu_count; vcpu++)
		if (vcpu->id == id)
			return vcpu;
	return NULL;
}

int vcpu_add(int vm, unsigned int id)
{
	struct kvm_vcpu_init init = { 0 };
	struct vcpu *vcpu = &vcpus[vcpu_count];
	int result;

	if (vcpu_count == MAX_VCPUS)
		return NOT_UNDERSTOOD;
	vcpu->id = id;
	vcpu->fd = timed_ioctl(vm, KVM_CREATE_VCPU, (void *)(unsigned long)id);
	if (vcpu->fd < 0)
		return vcpu->fd;
	vcpu->run = mmap(NULL, vcpu_run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED)
		stop("mmap of a vCPU");
	result = timed_ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init);
	if (result < 0)
		return result;
	init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
	if (vcpu_count++)
		init.features[0] |= 1u << KVM_ARM_VCPU_POWER_OFF;
	return timed_ioctl(vcpu->fd, KVM_ARM_VCPU_INIT, &init);
}

unsigned int vcpu_next_id(void)
{
	return vcpu_count ? vcpus[vcpu_count - 1].id + 1 : 0;
}

int vcpu_register(unsigned long request, unsigned int id, uint64_t number, uint64_t *value)
{
	struct kvm_one_reg reg = { .id = number, .addr = (uint64_t)value };
	struct vcpu *vcpu = vcpu_of(id);

	return vcpu ? timed_ioctl(vcpu->fd, request, &reg) : NOT_UNDERSTOOD;
}

/* KVM_RUN until it exits, or until the alarm ends it with EINTR. */
static int run_once(int fd, uint64_t milliseconds)
{
	struct itimerval alarm = { .it_value = { milliseconds / 1000, milliseconds % 1000 * 1000 }, .it_interval = { 0, 100000 } };
	const struct itimerval never = { 0 };
	int result;

	setitimer(ITIMER_REAL, &alarm, NULL);
	result = timed_ioctl(fd, KVM_RUN, NULL);
	setitimer(ITIMER_REAL, &never, NULL);
	return result;
}

int vcpu_take(unsigned int id, uint64_t milliseconds, struct answer *answer)
{
	struct vcpu *vcpu = vcpu_of(id);
	const struct kvm_run *run;
	const char *comma = "";
	uint32_t stored;

	if (!vcpu)
		return NOT_UNDERSTOOD;
	run = vcpu->run;
	for (int taken = 0; taken < MOST_TAKEN; taken++) {
		int result = run_once(vcpu->fd, milliseconds);

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

int vcpu_spin(unsigned int id, uint64_t milliseconds)
{
	struct vcpu *vcpu = vcpu_of(id);

	if (!vcpu || spinner.alive)
		return NOT_UNDERSTOOD;
	spinner.fd = vcpu->fd;
	spinner.until = now_ns() + milliseconds * MILLISECOND;
	if (pthread_create(&spinner.thread, NULL, spin, NULL))
		return -EAGAIN;
	spinner.alive = 1;
	sleep_ms(200); /* time to get into KVM_RUN, on a machine that has other things to do */
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
