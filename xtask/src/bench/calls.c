// Makes one kind of call over and over, and prints how many nanoseconds one takes: the median of
// CHUNKS, so that an interruption by something else does not count.
//
//     calls getppid|openat|connection COUNT
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHUNKS 10
// Twenty characters.
#define PATH "twenty-character.txt"

static double now_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1e9 + at.tv_nsec;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void call_getppid(void)
{
	getppid();
}

static void call_openat(void)
{
	int fd = openat(AT_FDCWD, PATH, O_RDONLY);
	if (fd < 0)
		fail(PATH);
	close(fd);
}

static int listening = -1;
static struct sockaddr_in server = { .sin_family = AF_INET };

static void listens(void)
{
	socklen_t len = sizeof(server);

	listening = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listening, (struct sockaddr *)&server, len) || listen(listening, 16) ||
	    getsockname(listening, (struct sockaddr *)&server, &len))
		fail("listen");
}

// A connection to itself: made, accepted, closed by both ends. To one address after the other, so that ports
// that rest (TIME_WAIT) do not run out.
static void call_connection(void)
{
	static unsigned int number;

	server.sin_addr.s_addr = htonl(0x7f000101 + number++ % 250);
	int out = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(out, (struct sockaddr *)&server, sizeof(server)))
		fail("connect");
	int in = accept(listening, NULL, NULL);
	if (in < 0)
		fail("accept");
	close(out);
	close(in);
}

static int by_value(const void *left, const void *right)
{
	double difference = *(const double *)left - *(const double *)right;

	return (difference > 0) - (difference < 0);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	void (*once)(void) = !strcmp(argv[1], "openat") ? call_openat : call_getppid;
	if (!strcmp(argv[1], "connection")) {
		listens();
		once = call_connection;
	}
	long count = atol(argv[2]) / CHUNKS;
	double took[CHUNKS];

	for (int chunk = 0; chunk < CHUNKS; chunk++) {
		double begin = now_ns();
		for (long i = 0; i < count; i++)
			once();
		took[chunk] = (now_ns() - begin) / count;
	}
	qsort(took, CHUNKS, sizeof(*took), by_value);
	printf("%.2f\n", (took[CHUNKS / 2 - 1] + took[CHUNKS / 2]) / 2);
	return 0;
}
