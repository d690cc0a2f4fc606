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
	reboot(RB_POWER_OFF);
	_exit(1);
}

void *grow(void *memory, size_t bytes, const char *what)
{
	memory = realloc(memory, bytes);
	if (!memory)
		stop(what);
	return memory;
}
