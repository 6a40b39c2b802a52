// Its main thread waits for a futex that nobody wakes; another one for a byte, and says "on" for each.
// "asleep 32" waits by the 32-bit gate: int $0x80, x86 only, and where
// the kernel has no such calls it waits as usual.
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static int word = 7;

static void *other(void *argument)
{
	char byte;

	while (read(0, &byte, 1) == 1)
		if (write(1, "on\n", 3) != 3)
			break;
	_exit(0);
	return argument;
}

static void wait_for_ever(int signal)
{
	(void)signal;
	syscall(SYS_futex, &word, FUTEX_WAIT, 7, NULL, NULL, 0);
}

int main(int argc, char **argv)
{
	pthread_t thread;

	(void)argv;
	pthread_create(&thread, NULL, other, NULL);
#ifdef __x86_64__
	if (argc > 1) {
		long result;

		/* A kernel without 32-bit calls sends this. */
		signal(SIGSEGV, wait_for_ever);
		/* pause(2) is number 29 there. */
		__asm__ volatile("int $0x80" : "=a"(result) : "0"(29L), "b"(0x11L) : "memory");
		return 77;
	}
#endif
	wait_for_ever(0);
	return argc;
}
