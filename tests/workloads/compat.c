// Calls of the 32-bit table, made from a 64-bit program by the 32-bit gate: what they point to lies below 4 GiB.
// The first is number 20, getpid there, and writev in the 64-bit table. The last one runs /bin/true, and does
// not return.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__x86_64__)
static long call(long number, long a, long b, long c, long d)
{
	long result;
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

int main(void)
{
	// Where the kernel has no 32-bit table the call fails (ENOSYS); that is recorded as well.
	long pid = getpid();
	if (call(20, 0, 0, 0, 0) != pid)
		return 77;
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED)
		return 2;
	long at = (long)low;
	char *path = strcpy(low, "/nonexistent/file");
	call(5, (long)path, O_RDWR | O_CLOEXEC, 0, 0);
	call(295, AT_FDCWD, (long)path, O_WRONLY | O_TRUNC, 0);
	call(38, (long)path, (long)strcpy(low + 64, "moved"), 0, 0);
	call(37, pid, 0, 0, 0);
	uint32_t *action = (uint32_t *)(low + 128);
	action[0] = (uint32_t)(uintptr_t)SIG_IGN, action[1] = SA_RESTART, action[3] = 1 << (SIGUSR1 - 1);
	call(174, SIGALRM, at + 128, 0, 8);
	struct sockaddr_in *nobody = (struct sockaddr_in *)(low + 256);
	nobody->sin_family = AF_INET, nobody->sin_port = htons(1), nobody->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	uint32_t *words = (uint32_t *)(low + 512);
	memcpy(words, (uint32_t[]){ AF_INET, SOCK_STREAM, 0 }, 12);
	long fd = call(102, 1, at + 512, 0, 0);
	memcpy(words, (uint32_t[]){ fd, at + 256, sizeof *nobody }, 12);
	call(102, 3, at + 512, 0, 0);
	call(362, fd, at + 256, sizeof *nobody, 0);
	call(6, fd, 0, 0, 0);
	uint32_t *argv = (uint32_t *)(low + 768);
	strcpy(low + 832, "/bin/true"), strcpy(low + 864, "an argument");
	argv[0] = at + 832, argv[1] = at + 864, argv[2] = 0, argv[3] = 0;
	call(11, at + 832, at + 768, at + 780, 0);
	return 3;
}
#else
int main(void) { return 77; }
#endif
