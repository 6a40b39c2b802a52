// Calls whose numbers, flags, layouts or order of arguments are not the same on x86-64 and arm64.
// `init` has what a recording of them says: on both the same.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// A page that is known by its address.
static char *const page = (char *)0x10000000;

static long files(void)
{
	// Bits of these flags have each other's meaning on the other machine.
	long dir = syscall(SYS_openat, AT_FDCWD, "/tmp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	long fd = syscall(SYS_openat, dir, "one", O_RDWR | O_CREAT | O_EXCL, 0640);
	syscall(SYS_openat, dir, ".", O_WRONLY | O_TMPFILE, 0600);
	syscall(SYS_fcntl, dir, F_GETFL);
	struct stat stat;
	syscall(SYS_ftruncate, fd, 12345L);
	syscall(SYS_fstat, fd, &stat);
	syscall(SYS_newfstatat, dir, "one", &stat, AT_SYMLINK_NOFOLLOW);
	syscall(SYS_renameat2, dir, "one", dir, "two", RENAME_NOREPLACE);
	syscall(SYS_unlinkat, dir, "two", 0);
	return fd;
}

static void waiting(long fd)
{
	sigset_t mask;
	sigemptyset(&mask), sigaddset(&mask, SIGUSR1);
	struct pollfd fds[] = { { fd, POLLIN | POLLOUT, 0 } };
	struct timespec second = { 1, 5 };
	syscall(SYS_ppoll, fds, 1L, &second, &mask, 8L);
	// Packed on x86-64, aligned elsewhere.
	int ends[2];
	syscall(SYS_pipe2, ends, O_CLOEXEC);
	long epoll = syscall(SYS_epoll_create1, EPOLL_CLOEXEC);
	struct epoll_event wanted = { EPOLLOUT, { .u64 = 0x1122334455667788 } }, ready[4];
	syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, (long)ends[1], &wanted);
	syscall(SYS_epoll_pwait, epoll, ready, 4L, 1000L, &mask, 8L);
}

static void on_usr1(int signo)
{
}

static void handlers(void)
{
	// What a handler returns to lies on its stack, the mask at another place.
	sigset_t mask;
	sigemptyset(&mask), sigaddset(&mask, SIGUSR2), sigaddset(&mask, SIGRTMAX);
	signal(SIGUSR1, on_usr1);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	raise(SIGUSR1);
}

static void children(void)
{
	// The last two arguments change places.
	long flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_SETTLS | SIGCHLD;
	char *parent = page, *child = page + 0x10, *tls = page + 0x800;
#if defined(__x86_64__)
	long tid = syscall(SYS_clone, flags, NULL, parent, child, tls);
#else
	long tid = syscall(SYS_clone, flags, NULL, parent, tls, child);
#endif
	if (tid == 0)
		syscall(SYS_exit, 3);
	int status;
	syscall(SYS_wait4, tid, &status, 0L, NULL);
}

int main(void)
{
	syscall(SYS_mmap, page, 0x2000L, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1L, 0L);
	waiting(files());
	handlers();
	children();
	syscall(SYS_exit_group, 9L);
}
