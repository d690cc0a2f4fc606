/*
 * The laboratory's agent: /init of a small virtual machine that runs a real Linux KVM, or a program on a machine that has one.
 * It turns lines into ioctls.
 * What a line says and what answers it is written down once, in verbs.c.
 */
#ifndef AGENT_H
#define AGENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Answer to a line the agent does not understand; no errno has this number. */
#define NOT_UNDERSTOOD (-9999)

/* transport.c: lines in, answers out, over a serial port, over the host's files, or by pipes. `spec` may be changed. */
void transport_open(char *spec);
ssize_t transport_read(void *buffer, size_t room);
void transport_write(const void *bytes, size_t count);

/* stop.c: the end of an agent that cannot go on. The line "STOPPED WHAT: errno" says why, in the place of any answer. */
void stop(const char *what) __attribute__((noreturn));
/* Powers the machine off where the agent is /init, and ends it where it is one program of many. */
void leave(int status) __attribute__((noreturn));
/* realloc, or stop. */
void *grow(void *memory, size_t bytes, const char *what);

/* answer.c: the answers of one batch of lines, as text that grows. */
struct answer {
	char *text;
	size_t length, room;
};
void answer_text(struct answer *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void answer_hex(struct answer *answer, const uint8_t *bytes, size_t count);
/* Non-zero stretches as offset:bytes, parted by commas; what is not named is zero. */
void answer_sparse(struct answer *answer, const uint8_t *bytes, size_t count);

/* ram.c: memory that backs the guest's memory slots. */
#define MAX_SLOTS 32
struct slot {
	uint64_t base, bytes;
	uint8_t *memory;
	int idle; /* zeros that wait for the next VM */
};
/* Gives slot `number` memory of zeros, or, for 0 bytes, takes it away. Memory of the same size is used again. */
int ram_slot(unsigned int number, uint64_t base, uint64_t bytes);
const struct slot *ram_slot_of(unsigned int number);
/* The host's address of a guest's range, or NULL when no slot holds all of it. */
uint8_t *ram_at(uint64_t base, uint64_t bytes);
int ram_zero(uint64_t base, uint64_t bytes);
void ram_forget(void);

/* ioctl.c: what an ioctl returned, or its errno, negative, and how long it took. */
#define MILLISECOND 1000000ull
extern uint64_t ioctl_ns; /* how long the last one took */
uint64_t now_ns(void);
int timed_ioctl(int fd, unsigned long request, void *argument);

/* vm.c: the one virtual machine there is. Every function returns what its ioctl returned, or a negative errno. */
#define WHICH_GIC (-1)
#define WHICH_LAST_ITS (-2)
int kvm_open(void);
void kvm_describe(struct answer *answer);
int vm_create(uint64_t ipa_bits);
int vm_capability(uint64_t number);
int vm_slot(unsigned int number, uint64_t base, uint64_t bytes, uint32_t flags);
int vm_dirty(unsigned int number, struct answer *answer);
int vm_vcpu(unsigned int id);
int vm_vcpus(unsigned int count);
int vm_gic(void);
int vm_its(void);
/* `which` is WHICH_GIC, WHICH_LAST_ITS or the number of an ITS in the order they were created. */
int device_attribute(unsigned long request, int which, uint32_t group, uint64_t attribute, uint64_t *value);
/* Writes commands into the queue of an ITS, from `offset` on, wrapping at its end; a slot that is not in RAM stays as it is. */
int its_queue(int which, uint64_t offset, const uint8_t *commands, size_t bytes);
int vm_signal_msi(uint64_t address, uint32_t data, uint32_t device_id, uint32_t flags);
void vm_destroy(void);

/* vcpu.c: the vCPUs of that machine, by their ids. */
extern size_t vcpu_run_bytes; /* KVM_GET_VCPU_MMAP_SIZE */
int vcpu_add(int vm, unsigned int id);
unsigned int vcpu_next_id(void);
int vcpu_register(unsigned long request, unsigned int id, uint64_t number, uint64_t *value);
/*
 * Lets a guest run that stores what it reads from ICC_IAR1_EL1 outside RAM, until it stores 1023; answers what it took. -EINTR
 * when nothing is stored for so many milliseconds.
 */
int vcpu_take(unsigned int id, uint64_t milliseconds, struct answer *answer);
int vcpu_spin(unsigned int id, uint64_t milliseconds);
int vcpu_join(void);
void vcpu_close_all(void);

/* verbs.c: obeys one line, which it changes, and answers its rc; data goes to `answer`. */
int obey(char *line, struct answer *answer);

#endif
