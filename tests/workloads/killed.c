// The child waits in pause(); the parent kills it there and exits with the number of the signal.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	int ready[2], status;
	char byte = 'x';
	if (pipe(ready))
		return 2;
	pid_t child = fork();
	if (child == 0) {
		if (write(ready[1], &byte, 1) != 1)
			_exit(2);
		pause();
		_exit(1);
	}
	if (read(ready[0], &byte, 1) != 1)
		return 2;
	usleep(20000);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return WTERMSIG(status);
}
