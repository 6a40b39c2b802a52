// N numbered calls that fail from each of T threads: `decisive T N MICROSECONDS`.
// Each thread calls close(1000000 + 1), close(1000000 + 2) ... of descriptors that are not open, with a pause
// after every sixteenth. `decisive T N MICROSECONDS PATH` opens PATH, which is not there, in place of that.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static long calls, pause_us;
static const char *path;

static void *thread(void *unused)
{
	(void)unused;
	for (long i = 1; i <= calls; i++) {
		if (path)
			syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
		else
			syscall(SYS_close, 1000000 + i);
		if (pause_us && i % 16 == 0)
			usleep(pause_us);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? atoi(argv[1]) : 1;
	calls = argc > 2 ? atol(argv[2]) : 1000;
	pause_us = argc > 3 ? atol(argv[3]) : 0;
	path = argc > 4 ? argv[4] : NULL;
	pthread_t *ids = calloc(threads, sizeof *ids);
	for (int i = 0; i < threads; i++)
		pthread_create(&ids[i], NULL, thread, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	return 0;
}
