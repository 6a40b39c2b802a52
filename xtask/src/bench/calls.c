// Makes one kind of call over and over, and prints how many nanoseconds one takes: the median of
// CHUNKS, so that an interruption by something else does not count.
//
//     calls getppid|openat COUNT
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static void once(int opens)
{
	if (!opens) {
		getppid();
		return;
	}
	int fd = openat(AT_FDCWD, PATH, O_RDONLY);
	if (fd < 0) {
		perror(PATH);
		exit(1);
	}
	close(fd);
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
	int opens = !strcmp(argv[1], "openat");
	long count = atol(argv[2]) / CHUNKS;
	double took[CHUNKS];

	for (int chunk = 0; chunk < CHUNKS; chunk++) {
		double begin = now_ns();
		for (long i = 0; i < count; i++)
			once(opens);
		took[chunk] = (now_ns() - begin) / count;
	}
	qsort(took, CHUNKS, sizeof(*took), by_value);
	printf("%.2f\n", (took[CHUNKS / 2 - 1] + took[CHUNKS / 2]) / 2);
	return 0;
}
