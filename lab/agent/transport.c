/*
 * Three ways to who asks:
 *   stdio                  standard input and output, where the agent is a program on a KVM host
 *   tty:DEVICE             a serial port
 *   semi:REQUESTS:ANSWERS  two fifos of the host, opened through QEMU's semihosting (QEMU 7.2 on: from user space, too)
 * Semihosting is ten times faster: one trap moves as many bytes as there are, where a serial port takes one at a time.
 */
#define _GNU_SOURCE
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#define DEFAULT_TTY "/dev/ttyAMA0"

/* Arm semihosting operations and fopen modes (semihosting specification 2.0). */
#define SYS_OPEN 0x01
#define SYS_WRITE 0x05
#define SYS_READ 0x06
#define MODE_RB 1
#define MODE_WB 5

#define BOUNCE_BYTES (1u << 18)

static int semihosting;
static int requests = -1, answers = -1; /* file descriptors, or semihosting handles */
static uint8_t bounce[BOUNCE_BYTES];

static long semihost(long operation, const uint64_t *block)
{
	register long w0 asm("x0") = operation;
	register const uint64_t *x1 asm("x1") = block;

	asm volatile("hlt #0xf000" : "+r"(w0) : "r"(x1) : "memory");
	return w0;
}

static int semihost_open(const char *path, uint64_t mode)
{
	uint64_t block[3] = { (uint64_t)path, mode, strlen(path) };

	return semihost(SYS_OPEN, block);
}

/* QEMU reads and writes the buffer without faulting pages in: it must be there already, and stay. */
static void open_semihosting(char *request_path)
{
	char *answer_path = strchr(request_path, ':');

	if (!answer_path)
		return;
	*answer_path++ = 0;
	memset(bounce, 1, BOUNCE_BYTES);
	mlockall(MCL_CURRENT);
	semihosting = 1;
	requests = semihost_open(request_path, MODE_RB);
	answers = semihost_open(answer_path, MODE_WB);
}

static void open_tty(const char *device)
{
	struct termios raw;

	requests = answers = open(device, O_RDWR | O_NOCTTY);
	if (requests < 0)
		return;
	tcgetattr(requests, &raw);
	cfmakeraw(&raw);
	raw.c_cflag |= CLOCAL | CREAD;
	tcsetattr(requests, TCSANOW, &raw);
}

void transport_open(char *spec)
{
	if (spec && !strcmp(spec, "stdio")) {
		requests = STDIN_FILENO;
		answers = STDOUT_FILENO;
	} else if (spec && !strncmp(spec, "semi:", 5))
		open_semihosting(spec + 5);
	else
		open_tty(spec && !strncmp(spec, "tty:", 4) ? spec + 4 : DEFAULT_TTY);
}

/* SYS_READ and SYS_WRITE answer how many bytes they did not move. */
static ssize_t semihost_move(long operation, int handle, size_t count)
{
	uint64_t block[3] = { handle, (uint64_t)bounce, count };
	long left = semihost(operation, block);

	return left < 0 ? -1 : (ssize_t)(count - left);
}

ssize_t transport_read(void *buffer, size_t room)
{
	ssize_t count;

	if (semihosting) {
		count = semihost_move(SYS_READ, requests, room < BOUNCE_BYTES ? room : BOUNCE_BYTES);
		if (count > 0)
			memcpy(buffer, bounce, count);
		return count;
	}
	do
		count = read(requests, buffer, room);
	while (count < 0 && errno == EINTR);
	return count;
}

static ssize_t write_some(const uint8_t *bytes, size_t count)
{
	if (!semihosting)
		return write(answers, bytes, count);
	if (count > BOUNCE_BYTES)
		count = BOUNCE_BYTES;
	memcpy(bounce, bytes, count);
	return semihost_move(SYS_WRITE, answers, count);
}

void transport_write(const void *bytes, size_t count)
{
	const uint8_t *from = bytes;

	while (count) {
		ssize_t written = write_some(from, count);

		if (written < 0 && errno != EINTR)
			return;
		if (written > 0) {
			from += written;
			count -= written;
		}
	}
}
