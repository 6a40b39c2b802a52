// As much of everything as one container can make: `swarm THREADS CHILDREN NAMESPACES`. After a line of its standard
// input, THREADS threads that make two calls each, close(1000000 + i) and pause(), and stay in the second. After one
// more, CHILDREN short processes one after the other, and NAMESPACES processes in user, mount and PID namespaces of
// their own. After one more it ends. Nothing else is called in between but for what makes them.
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK 4096L

static volatile int *there;

static void wait_for(int count)
{
	while (__atomic_load_n(there, __ATOMIC_SEQ_CST) < count)
		;
}

static int stay(void *number)
{
	close(1000000 + (int)(long)number);
	__atomic_add_fetch(there, 1, __ATOMIC_SEQ_CST);
	while (1)
		pause();
	return 0;
}

static int end(void *number)
{
	close(2000000 + (int)(long)number);
	_exit(0);
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
	char byte;
	if (argc != 4)
		return 2;
	int threads = atoi(argv[1]), children = atoi(argv[2]), namespaces = atoi(argv[3]);
	char *stacks = memory((threads + 1) * STACK, MAP_PRIVATE);
	int *tgids = memory(namespaces * sizeof(int), MAP_PRIVATE);
	there = memory(sizeof(int), MAP_SHARED);

	read(0, &byte, 1);
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
	for (long i = 0; i < threads; i++)
		if (clone(stay, stacks + (i + 1) * STACK, flags, (void *)i) < 0)
			_exit(4);
	wait_for(threads);

	read(0, &byte, 1);
	char *top = stacks + (threads + 1) * STACK;
	for (long i = 0; i < children; i++) {
		int child = clone(end, top, CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)i);
		if (child < 0 || waitpid(child, NULL, 0) != child)
			_exit(5);
	}
	for (int i = 0; i < namespaces; i++) {
		if ((tgids[i] = fork()) < 0)
			_exit(6);
		if (tgids[i] == 0) {
			if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID))
				_exit(7);
			stay((void *)(long)i);
		}
	}
	wait_for(threads + namespaces);

	read(0, &byte, 1);
	for (int i = 0; i < namespaces; i++)
		kill(tgids[i], SIGKILL);
	for (int i = 0; i < namespaces; i++)
		waitpid(tgids[i], NULL, 0);
	_exit(0);
}
