#define _GNU_SOURCE
#include "agent.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096ull
/* Memory no larger is kept for the next VM: pages that are there already cost a third of pages that are mapped anew. */
#define KEPT_BYTES (1ull << 24)

static struct slot slots[MAX_SLOTS];

static void release(struct slot *slot)
{
	if (slot->memory)
		munmap(slot->memory, slot->bytes);
	memset(slot, 0, sizeof(*slot));
}

/* Zeros the pages that anybody touched; the others are zero. */
static int zero_touched(uint8_t *memory, uint64_t bytes)
{
	static unsigned char touched[KEPT_BYTES / PAGE];

	if (mincore(memory, bytes, touched))
		return -errno;
	for (uint64_t page = 0; page < bytes / PAGE; page++)
		if (touched[page] & 1)
			memset(memory + page * PAGE, 0, PAGE);
	return 0;
}

int ram_slot(unsigned int number, uint64_t base, uint64_t bytes)
{
	struct slot *slot = &slots[number];
	void *memory;

	if (slot->memory && slot->bytes == bytes) {
		slot->base = base;
		slot->idle = 0;
		return 0;
	}
	release(slot);
	if (!bytes)
		return 0;
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return -errno;
	*slot = (struct slot){ .base = base, .bytes = bytes, .memory = memory };
	return 0;
}

const struct slot *ram_slot_of(unsigned int number)
{
	return &slots[number];
}

uint8_t *ram_at(uint64_t base, uint64_t bytes)
{
	for (const struct slot *slot = slots; slot < slots + MAX_SLOTS; slot++) {
		if (!slot->memory || slot->idle || base < slot->base || bytes > slot->bytes)
			continue;
		if (base - slot->base <= slot->bytes - bytes)
			return slot->memory + (base - slot->base);
	}
	return NULL;
}

/* Whole pages of much memory are given back, so that zeroing gigabytes costs nothing. */
int ram_zero(uint64_t base, uint64_t bytes)
{
	uint8_t *memory = ram_at(base, bytes);

	if (!memory)
		return NOT_UNDERSTOOD;
	if ((base | bytes) % PAGE) {
		memset(memory, 0, bytes);
		return 0;
	}
	if (bytes <= KEPT_BYTES)
		return zero_touched(memory, bytes);
	return madvise(memory, bytes, MADV_DONTNEED) ? -errno : 0;
}

void ram_forget(void)
{
	for (struct slot *slot = slots; slot < slots + MAX_SLOTS; slot++) {
		slot->idle = slot->memory && slot->bytes <= KEPT_BYTES && !zero_touched(slot->memory, slot->bytes);
		if (!slot->idle)
			release(slot);
	}
}
