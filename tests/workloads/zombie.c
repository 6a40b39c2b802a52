// Its child ends with 5 and is never waited for. It goes on until its standard input is closed.
#include <unistd.h>

int main(void)
{
	char byte;
	if (fork() == 0)
		_exit(5);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
