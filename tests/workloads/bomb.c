// Forks as fast as it can for two seconds; its children do the same. The first of its PID namespace ends all.
#include <errno.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
	time_t end = time(NULL) + 3;
	while (time(NULL) < end)
		if (fork() < 0 && errno != EAGAIN)
			return 1;
	return 9;
}
