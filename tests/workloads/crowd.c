// Many threads at once, each of which makes one call that names it, then many children one after the
// other, more than the recorder can have at a time: `crowd THREADS CHILDREN`.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_barrier_t all;

static void *name_oneself(void *number)
{
	pthread_barrier_wait(&all);
	close(1000000 + (int)(long)number);
	pthread_barrier_wait(&all);
	return NULL;
}

static int name_and_end(void *number)
{
	close(2000000 + (int)(long)number);
	_exit(0);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	long threads = atol(argv[1]), children = atol(argv[2]);
	pthread_attr_t small;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 1 << 16);
	pthread_barrier_init(&all, NULL, threads + 1);
	for (long i = 0; i < threads; i++) {
		pthread_t thread;
		if (pthread_create(&thread, &small, name_oneself, (void *)i))
			return 3;
		pthread_detach(thread);
	}
	pthread_barrier_wait(&all);
	pthread_barrier_wait(&all);
	char *stack = malloc(1 << 16);
	for (long i = 0; i < children; i++) {
		// One that shares all memory and is waited for costs next to nothing.
		int child = clone(name_and_end, stack + (1 << 16), CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)i);
		if (child < 0 || waitpid(child, NULL, 0) != child)
			return 4;
	}
	return 0;
}
