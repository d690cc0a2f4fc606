#include "agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

void stop(const char *what)
{
	char line[160];
	int length = snprintf(line, sizeof(line), "STOPPED %s: %s\n", what, strerror(errno));

	transport_write(line, length);
	leave(1);
}

void leave(int status)
{
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	_exit(status);
}

void *grow(void *memory, size_t bytes, const char *what)
{
	memory = realloc(memory, bytes);
	if (!memory)
		stop(what);
	return memory;
}
