/*
 * A line is a verb and its arguments, parted by single spaces, ended by '\n'; every number is hexadecimal without 0x.
 * Its answer is "<rc> <ns> [data]\n": rc what the ioctl returned, or a negative errno, in decimal (-9999 for a line that is
 * not understood); ns how long the ioctl took. Many lines may be sent at once; their answers come in the same order.
 * No policy lives here: which VM is built, and which register is written when, is the driver's to say.
 *
 * In `set`, `get`, `has` and `q` a device is g (the GIC), i (the ITS created last), i0, i1, ... (an ITS by number).
 */
#include "agent.h"

#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ARGUMENTS 5

struct line {
	char *words[MAX_ARGUMENTS];
	uint64_t numbers[MAX_ARGUMENTS]; /* the same words, read as numbers */
	int count;
	struct answer *answer;
};

static int which_device(const char *name)
{
	if (name[0] == 'g')
		return WHICH_GIC;
	return name[1] ? atoi(name + 1) : WHICH_LAST_ITS;
}

static int hex_digit(char digit)
{
	return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

/* Decodes hex digits in place: the bytes are half as long as the text. */
static size_t decode_hex(char *text)
{
	size_t count = strlen(text) / 2;

	for (size_t i = 0; i < count; i++)
		text[i] = hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]);
	return count;
}

static int ping(struct line *line)
{
	(void)line;
	return 0;
}

static int ver(struct line *line)
{
	kvm_describe(line->answer);
	return 0;
}

static int cap(struct line *line)
{
	return vm_capability(line->numbers[0]);
}

static int new(struct line *line)
{
	return vm_create(line->numbers[0]);
}

static int mem(struct line *line)
{
	return vm_slot(line->numbers[0], line->numbers[1], line->numbers[2], line->numbers[3]);
}

static int dirty(struct line *line)
{
	return vm_dirty(line->numbers[0], line->answer);
}

static int vcpu(struct line *line)
{
	return line->count ? vm_vcpu(line->numbers[0]) : vm_vcpus(1);
}

static int vcpus(struct line *line)
{
	return vm_vcpus(line->numbers[0]);
}

static int gic(struct line *line)
{
	(void)line;
	return vm_gic();
}

static int its(struct line *line)
{
	(void)line;
	return vm_its();
}

static int attribute(struct line *line, unsigned long request, uint64_t *value)
{
	return device_attribute(request, which_device(line->words[0]), line->numbers[1], line->numbers[2], value);
}

static int set(struct line *line)
{
	return attribute(line, KVM_SET_DEVICE_ATTR, line->count > 3 ? &line->numbers[3] : NULL);
}

static int get(struct line *line)
{
	uint64_t value = 0;
	int result = attribute(line, KVM_GET_DEVICE_ATTR, &value);

	if (result >= 0)
		answer_text(line->answer, "%llx", (unsigned long long)value);
	return result;
}

static int has(struct line *line)
{
	return attribute(line, KVM_HAS_DEVICE_ATTR, NULL);
}

static int q(struct line *line)
{
	size_t bytes = decode_hex(line->words[2]);

	return its_queue(which_device(line->words[0]), line->numbers[1], (uint8_t *)line->words[2], bytes);
}

static int w(struct line *line)
{
	size_t bytes = decode_hex(line->words[1]);
	uint8_t *memory = ram_at(line->numbers[0], bytes);

	if (!memory)
		return NOT_UNDERSTOOD;
	memcpy(memory, line->words[1], bytes);
	return 0;
}

static int f(struct line *line)
{
	uint8_t *memory = ram_at(line->numbers[0], line->numbers[1]);

	if (!memory)
		return NOT_UNDERSTOOD;
	memset(memory, line->numbers[2], line->numbers[1]);
	return 0;
}

static int z(struct line *line)
{
	return ram_zero(line->numbers[0], line->numbers[1]);
}

static int r(struct line *line)
{
	uint8_t *memory = ram_at(line->numbers[0], line->numbers[1]);

	if (!memory)
		return NOT_UNDERSTOOD;
	answer_sparse(line->answer, memory, line->numbers[1]);
	return 0;
}

static int msi(struct line *line)
{
	return vm_signal_msi(line->numbers[0], line->numbers[1], line->numbers[2], line->numbers[3]);
}

static int sreg(struct line *line)
{
	return vcpu_register(KVM_SET_ONE_REG, line->numbers[0], line->numbers[1], &line->numbers[2]);
}

static int greg(struct line *line)
{
	uint64_t value = 0;
	int result = vcpu_register(KVM_GET_ONE_REG, line->numbers[0], line->numbers[1], &value);

	answer_text(line->answer, "%llx", (unsigned long long)value);
	return result;
}

static int take(struct line *line)
{
	return vcpu_take(line->numbers[0], line->numbers[1], line->answer);
}

static int spin(struct line *line)
{
	return vcpu_spin(line->numbers[0], line->numbers[1]);
}

static int join(struct line *line)
{
	(void)line;
	return vcpu_join();
}

static int del(struct line *line)
{
	vm_destroy();
	if (!line->numbers[0])
		ram_forget();
	return 0;
}

static int quit(struct line *line)
{
	(void)line;
	leave(0);
}

static const struct verb {
	const char *name;
	int least; /* arguments it needs */
	int (*obey)(struct line *line);
} verbs[] = {
	{ "ping", 0, ping }, /* answers 0 */
	{ "ver", 0, ver },   /* the kernel, and what its KVM can do */
	{ "cap", 1, cap },   /* NUMBER: KVM_CHECK_EXTENSION */
	{ "new", 1, new },   /* IPA_BITS: KVM_CREATE_VM; 0 bits mean 40 */
	{ "mem", 3, mem },   /* SLOT BASE BYTES [FLAGS]: KVM_SET_USER_MEMORY_REGION; 0 bytes take the slot away */
	{ "dirty", 1, dirty }, /* SLOT: KVM_GET_DIRTY_LOG; the numbers of the dirty pages */
	{ "vcpu", 0, vcpu }, /* [ID]: KVM_CREATE_VCPU and KVM_ARM_VCPU_INIT, with this id or the next */
	{ "vcpus", 1, vcpus }, /* COUNT: that many, with the next ids */
	{ "gic", 0, gic },   /* KVM_CREATE_DEVICE, VGICv3 */
	{ "its", 0, its },   /* KVM_CREATE_DEVICE, ITS */
	{ "set", 3, set },   /* DEVICE GROUP ATTRIBUTE [VALUE]: KVM_SET_DEVICE_ATTR */
	{ "get", 3, get },   /* DEVICE GROUP ATTRIBUTE: KVM_GET_DEVICE_ATTR; the value */
	{ "has", 3, has },   /* DEVICE GROUP ATTRIBUTE: KVM_HAS_DEVICE_ATTR */
	{ "q", 3, q },       /* DEVICE OFFSET BYTES: put commands into the queue, wrapping; moves no register */
	{ "w", 2, w },       /* BASE BYTES: write guest RAM */
	{ "f", 3, f },       /* BASE COUNT BYTE: fill guest RAM */
	{ "z", 2, z },       /* BASE COUNT: zero guest RAM */
	{ "r", 2, r },       /* BASE COUNT: read guest RAM; what is not zero, as offset:bytes,... */
	{ "msi", 4, msi },   /* ADDRESS DATA DEVICEID FLAGS: KVM_SIGNAL_MSI */
	{ "sreg", 3, sreg }, /* VCPU ID VALUE: KVM_SET_ONE_REG */
	{ "greg", 2, greg }, /* VCPU ID: KVM_GET_ONE_REG; the value */
	{ "take", 2, take }, /* VCPU MS: KVM_RUN until the guest has no interrupt to take; those it took */
	{ "spin", 2, spin }, /* VCPU MS: keep a vCPU in KVM_RUN meanwhile */
	{ "join", 0, join }, /* wait for the end of `spin` */
	{ "del", 1, del },   /* KEEP: close the VM; KEEP 1 leaves its RAM for the next */
	{ "quit", 0, quit }, /* power off */
};

int obey(char *text, struct answer *answer)
{
	struct line line = { .answer = answer };
	char *rest = strchr(text, ' ');

	if (rest)
		*rest++ = 0;
	while (rest && line.count < MAX_ARGUMENTS) {
		char *word = rest;

		rest = strchr(word, ' ');
		if (rest)
			*rest++ = 0;
		line.words[line.count] = word;
		line.numbers[line.count++] = strtoull(word, NULL, 16);
	}
	for (const struct verb *verb = verbs; verb < verbs + sizeof(verbs) / sizeof(*verbs); verb++)
		if (!strcmp(text, verb->name) && line.count >= verb->least)
			return verb->obey(&line);
	return NOT_UNDERSTOOD;
}
