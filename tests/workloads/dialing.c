// Connects that come to nothing: `dialing PORT N MICROSECONDS`.
// Connects N times to a port of loopback at which nobody listens; every sixteenth waits until so much time has passed
// since the sixteenth before, and none waits where it is late.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in peer = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	peer.sin_port = htons(argc > 1 ? atoi(argv[1]) : 1);
	long calls = argc > 2 ? atol(argv[2]) : 16;
	long pause_ns = argc > 3 ? atol(argv[3]) * 1000 : 0;
	struct timespec next;
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (long i = 1; i <= calls; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || connect(fd, (struct sockaddr *)&peer, sizeof peer) == 0)
			return 1;
		close(fd);
		if (i % 16)
			continue;
		next.tv_nsec += pause_ns;
		next.tv_sec += next.tv_nsec / 1000000000;
		next.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	return 0;
}
