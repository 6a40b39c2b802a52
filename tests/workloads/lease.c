/* Holds a lease on a file: who opens it waits until this ends, which it does with its input. Says "held" when it has
 * the lease, and "asked" when somebody waits. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static void asked(int signal)
{
	write(1, "asked\n", 6);
}

int main(int argc, char **argv)
{
	char byte;
	int file = argc == 2 ? open(argv[1], O_RDWR) : -1;
	signal(SIGIO, asked);
	if (file < 0 || fcntl(file, F_SETLEASE, F_WRLCK))
		return 1;
	write(1, "held\n", 5);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
