// Threads and processes that live at the same time: `together COUNT`, a process after each three threads. After a
// byte of its standard input they are made, one after the other; each makes two calls, getppid() and pause(), and
// stays in the second. Where there can be no more, no more are made. When all are there it writes how
// many threads and processes they are, and the error that it met or 0; nothing else is called in between but for what
// makes them. It ends with its input, and as the first process of a PID namespace takes all with it.
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACK 4096L

static volatile int *there;

static int stay(void *number)
{
	// Fails never: threads made like this share one errno.
	getppid();
	__atomic_add_fetch(there, 1, __ATOMIC_SEQ_CST);
	while (1)
		pause();
	return 0;
}

static void *memory(long bytes, int sharing)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		_exit(3);
	return at;
}

int main(int argc, char **argv)
{
	char byte, line[64];
	if (argc != 2)
		return 2;
	long count = atol(argv[1]), made = 0, processes = 0;
	char *stacks = memory((count + 1) * STACK, MAP_PRIVATE);
	there = memory(sizeof(int), MAP_SHARED);

	read(0, &byte, 1);
	int thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
	errno = 0;
	for (; made < count; made++) {
		int is_process = made % 4 == 3;
		int flags = is_process ? CLONE_VM | SIGCHLD : thread;
		if (clone(stay, stacks + (made + 1) * STACK, flags, (void *)made) < 0)
			break;
		processes += is_process;
	}
	int error = errno;
	while (__atomic_load_n(there, __ATOMIC_SEQ_CST) < made)
		;
	int length = snprintf(line, sizeof(line), "%ld %ld %d\n", made - processes, processes, error);
	write(1, line, length);
	while (read(0, &byte, 1) > 0)
		;
	_exit(0);
}
