// A forking server and its client in one: for each of three connections the server forks a child,
// which answers and exits; the server waits for it before it accepts the next.
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int client(const struct sockaddr_in *to)
{
	char answer[16];
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, (const struct sockaddr *)to, sizeof *to) || write(fd, "question", 8) != 8)
		return 2;
	ssize_t got = read(fd, answer, sizeof answer);
	close(fd);
	return got != 6;
}

int main(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof here;
	int status, server = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(server, (struct sockaddr *)&here, sizeof here) || listen(server, 4))
		return 2;
	getsockname(server, (struct sockaddr *)&here, &len);
	pid_t asking = fork();
	if (asking == 0)
		_exit(client(&here) | client(&here) | client(&here));
	for (int i = 0; i < 3; i++) {
		int fd = accept(server, NULL, NULL);
		pid_t child = fork();
		if (child == 0) {
			char question[16];
			ssize_t got = read(fd, question, sizeof question);
			_exit(got != 8 || write(fd, "answer", 6) != 6);
		}
		close(fd);
		waitpid(child, &status, 0);
	}
	waitpid(asking, &status, 0);
	return WEXITSTATUS(status);
}
