// N numbered calls from each of T threads: `numbered T N`.
// A thread waits for a byte on standard input, calls lseek(fd, 1 .. N, SEEK_SET) on a descriptor of
// its own, says "x" on standard output, and waits for a byte again. So between "all wait" and "all
// wait again" it makes N + 2 calls: the read that returns, N lseek, one write.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static long calls;

static void *thread(void *unused)
{
	(void)unused;
	char byte = 'x';
	int fd = memfd_create("numbered", 0);
	// Say that the thread is about to wait for the first time.
	syscall(SYS_write, 1, &byte, 1);
	while (syscall(SYS_read, 0, &byte, 1) == 1) {
		for (long i = 1; i <= calls; i++)
			syscall(SYS_lseek, fd, i, SEEK_SET);
		byte = 'x';
		syscall(SYS_write, 1, &byte, 1);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? atoi(argv[1]) : 1;
	calls = argc > 2 ? atol(argv[2]) : 1000;
	pthread_t *ids = calloc(threads, sizeof *ids);
	for (int i = 0; i < threads; i++)
		pthread_create(&ids[i], NULL, thread, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	return 0;
}
