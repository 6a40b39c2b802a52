// A threaded server and its client in one: four connections one after the other, a thread for each,
// joined before the next, so that every thread's calls are the same in each run.
#define _GNU_SOURCE
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void *serve(void *server)
{
	char question[16];
	int fd = accept4(*(int *)server, NULL, NULL, SOCK_CLOEXEC);
	ssize_t got = recv(fd, question, sizeof question, 0);
	if (got > 0)
		send(fd, question, got, MSG_NOSIGNAL);
	shutdown(fd, SHUT_RDWR);
	close(fd);
	return NULL;
}

int main(void)
{
	// An abstract address, so that no file is left behind.
	struct sockaddr_un here = { .sun_family = AF_UNIX, .sun_path = "\0rewind-threads" };
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + 15;
	int server = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(server, (struct sockaddr *)&here, len) || listen(server, 4))
		return 2;
	for (int i = 0; i < 4; i++) {
		pthread_t thread;
		char answer[16];
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (connect(fd, (struct sockaddr *)&here, len))
			return 3;
		pthread_create(&thread, NULL, serve, &server);
		if (write(fd, "question", 8) != 8 || read(fd, answer, sizeof answer) != 8)
			return 4;
		pthread_join(thread, NULL);
		close(fd);
	}
	return 0;
}
