#include "agent.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <time.h>

uint64_t ioctl_ns;

uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 * MILLISECOND + time.tv_nsec;
}

int timed_ioctl(int fd, unsigned long request, void *argument)
{
	uint64_t start = now_ns();
	int result = ioctl(fd, request, argument);

	if (result < 0)
		result = -errno;
	ioctl_ns = now_ns() - start;
	return result;
}
