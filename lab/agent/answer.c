#include "agent.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Two numbers are worth naming a new offset for: shorter runs of zeros are sent as they are. */
#define SHORTEST_GAP 16

static void make_room(struct answer *answer, size_t count)
{
	if (answer->length + count <= answer->room)
		return;
	answer->room = (answer->length + count) * 2 + 65536;
	answer->text = grow(answer->text, answer->room, "memory for answers");
}

void answer_text(struct answer *answer, const char *format, ...)
{
	va_list arguments;

	make_room(answer, 512);
	va_start(arguments, format);
	answer->length += vsnprintf(answer->text + answer->length, 512, format, arguments);
	va_end(arguments);
}

void answer_hex(struct answer *answer, const uint8_t *bytes, size_t count)
{
	static const char digits[] = "0123456789abcdef";
	char *to;

	make_room(answer, 2 * count);
	to = answer->text + answer->length;
	for (size_t i = 0; i < count; i++) {
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 15];
	}
	answer->length += 2 * count;
}

static uint64_t word_at(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, 8);
	return word;
}

/* First byte at or after `from` that starts a non-zero word; `from` is a multiple of 8. Most memory is zeros: go in big steps. */
static size_t skip_zero_words(const uint8_t *bytes, size_t from, size_t count)
{
	for (; from + 64 <= count; from += 64) {
		uint64_t any = 0;

		for (size_t i = 0; i < 64; i += 8)
			any |= word_at(bytes + from + i);
		if (any)
			break;
	}
	while (from + 8 <= count && !word_at(bytes + from))
		from += 8;
	return from;
}

/* End of the stretch that starts at `from`: after its last non-zero byte, rounded up to a whole word. */
static size_t stretch_end(const uint8_t *bytes, size_t from, size_t count)
{
	size_t zeros = 0, end = from;

	while (end < count && zeros < SHORTEST_GAP)
		zeros = bytes[end++] ? 0 : zeros + 1;
	end = (end - zeros + 7) & ~(size_t)7;
	return end < count ? end : count;
}

void answer_sparse(struct answer *answer, const uint8_t *bytes, size_t count)
{
	const char *comma = "";
	size_t at = 0;

	while ((at = skip_zero_words(bytes, at, count)) < count) {
		size_t end = stretch_end(bytes, at, count);

		if (end == at)
			return;
		answer_text(answer, "%s%zx:", comma, at);
		answer_hex(answer, bytes + at, end - at);
		comma = ",";
		at = end;
	}
}
