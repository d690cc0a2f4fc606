#include "agent.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* The data is written before the result is known: its place is kept free and closed up afterwards. */
static void answer_line(char *text, struct answer *answer)
{
	enum { HEAD = 48 };
	char head[HEAD + 1];
	size_t start = answer->length, data;
	int result, length;

	answer_text(answer, "%*s", HEAD, "");
	data = answer->length;
	ioctl_ns = 0;
	result = obey(text, answer);
	length = snprintf(head, sizeof(head), "%d %llu ", result, (unsigned long long)ioctl_ns);
	memcpy(answer->text + start, head, length);
	memmove(answer->text + start + length, answer->text + data, answer->length - data);
	answer->length -= HEAD - length;
	answer_text(answer, "\n");
}

/* Obeys every whole line there is, then answers them together. */
static void serve(void)
{
	size_t room = 1 << 20, have = 0;
	char *buffer = grow(NULL, room, "memory for lines");
	struct answer answer = { 0 };
	ssize_t count;

	while ((count = transport_read(buffer + have, room - have)) > 0) {
		char *line = buffer, *end;

		have += count;
		answer.length = 0;
		while ((end = memchr(line, '\n', buffer + have - line))) {
			*end = 0;
			answer_line(line, &answer);
			line = end + 1;
		}
		have -= line - buffer;
		memmove(buffer, line, have);
		transport_write(answer.text, answer.length);
		if (have == room)
			buffer = grow(buffer, room *= 2, "memory for lines");
	}
}

static void on_alarm(int signal)
{
	(void)signal;
}

int main(void)
{
	struct sigaction alarm = { .sa_handler = on_alarm }; /* without SA_RESTART: it is to end KVM_RUN */
	struct answer ready = { 0 };

	if (getpid() == 1) {
		mkdir("/dev", 0755);
		mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	}
	sigaction(SIGALRM, &alarm, NULL);
	transport_open(getenv("AGENT"));
	answer_text(&ready, "READY %d\n", kvm_open());
	transport_write(ready.text, ready.length);
	serve();
	leave(0);
}
