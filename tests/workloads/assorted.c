// Calls whose arguments are more than numbers and strings: sets, locks, messages, masks, times, limits.
// At the end the process is ended from its second thread, while the first one waits.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void handler(int signal) { (void)signal; }

static void waiting(void)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) || write(ends[1], "x", 1) != 1)
		_exit(2);
	fd_set in, out, except;
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&except);
	FD_SET(ends[0], &in), FD_SET(ends[1], &out), FD_SET(ends[0], &except);
	struct timeval second = { 1, 0 };
	syscall(SYS_select, ends[1] + 1, &in, &out, &except, &second);
	FD_ZERO(&in);
	FD_SET(ends[0], &in);
	struct timespec nothing = { 0, 1000 }, hour = { 3600, 0 };
	sigset_t mask;
	sigemptyset(&mask), sigaddset(&mask, SIGUSR1), sigaddset(&mask, SIGCHLD);
	pselect(1024, NULL, NULL, &except, &nothing, &mask);
	FD_ZERO(&in);
	FD_SET(ends[0], &in);
	pselect(ends[0] + 1, &in, NULL, NULL, &hour, NULL);
	struct pollfd fds[] = { { ends[0], POLLIN | POLLPRI, 0 }, { -1, POLLOUT, 0 }, { ends[1], POLLOUT, 0 } };
	poll(fds, 3, 1000);
	ppoll(fds, 2, &hour, &mask);
	poll(fds + 1, 1, 1);
	int epoll = epoll_create1(EPOLL_CLOEXEC), event = eventfd(7, EFD_NONBLOCK);
	struct epoll_event wanted = { EPOLLIN | EPOLLET, { .u64 = 0x1122334455 } }, ready[4];
	epoll_ctl(epoll, EPOLL_CTL_ADD, event, &wanted);
	epoll_wait(epoll, ready, 4, 1000);
	epoll_pwait(epoll, ready, 4, 0, &mask);
	epoll_ctl(epoll, EPOLL_CTL_DEL, event, NULL);
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct itimerspec once = { { 0, 0 }, { 500, 6 } };
	timerfd_settime(timer, 0, &once, NULL);
	for (int fd = ends[0]; fd <= timer; fd++)
		close(fd);
}

static void files(void)
{
	int fd = open("file", O_RDWR | O_CREAT | O_EXCL, 0640);
	struct iovec parts[] = { { "one\n", 4 }, { "two\0\377", 5 }, { "", 0 } };
	writev(fd, parts, 3);
	pwrite(fd, "end", 3, 100);
	char a[8], b[200];
	struct iovec into[] = { { a, sizeof a }, { b, sizeof b } };
	preadv(fd, into, 2, 0);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 20 };
	fcntl(fd, F_SETLK, &lock);
	fcntl(fd, F_GETLK, &lock);
	fcntl(fd, F_OFD_SETLKW, &lock);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_GETFD);
	fcntl(fd, F_GETFL);
	fcntl(fd, F_DUPFD_CLOEXEC, 20);
	flock(fd, LOCK_SH | LOCK_NB);
	struct timespec times[2] = { { 1000000000, 5 }, { 0, UTIME_OMIT } };
	futimens(fd, times);
	fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4096);
	ftruncate(fd, 50);
	lseek(fd, -3, SEEK_END);
	fchmod(fd, 0600);
	struct stat stat;
	fstat(fd, &stat);
	statx(AT_FDCWD, "file", AT_SYMLINK_NOFOLLOW, STATX_SIZE | STATX_MODE, (struct statx[1]){ 0 });
	symlink("a/target/that/is/longer/than/what/is/shown/of/a/string", "link");
	char target[256];
	readlink("link", target, sizeof target);
	readlink("link", target, 10);
	access("none", R_OK | W_OK);
	renameat2(AT_FDCWD, "file", AT_FDCWD, "moved", RENAME_NOREPLACE);
	mkdir("dir", 0700);
	DIR *dir = opendir(".");
	while (readdir(dir)) {}
	closedir(dir);
	ioctl(fd, FIONREAD, &(int){ 0 });
	ioctl(fd, TCGETS, target);
	void *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	msync(map, 4096, MS_ASYNC);
	madvise(map, 4096, MADV_WILLNEED);
	mremap(map, 4096, 8192, MREMAP_MAYMOVE);
	int memory = memfd_create("name", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	off_t from = 0;
	sendfile(memory, fd, &from, 10);
	fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
	fcntl(memory, F_GET_SEALS);
	getcwd(target, 3);
	unlink("link"), unlink("moved"), rmdir("dir"), unlink("none");
	close(memory), close(fd);
}

static void sockets(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), client = socket(AF_INET, SOCK_DGRAM, 0);
	bind(server, (struct sockaddr *)&here, sizeof here);
	struct sockaddr_storage name;
	socklen_t len = sizeof name;
	getsockname(server, (struct sockaddr *)&name, &len);
	len = 2;
	getsockname(server, (struct sockaddr *)&here, &len);
	getsockname(server, (struct sockaddr *)&here, &(socklen_t){ sizeof here });
	getpeername(client, (struct sockaddr *)&name, &(socklen_t){ sizeof name });
	connect(client, (struct sockaddr *)&here, sizeof here);
	struct iovec part[] = { { "hello", 5 }, { " world", 6 } };
	struct mmsghdr several[2] = { { .msg_hdr = { .msg_iov = part, .msg_iovlen = 1 } },
				      { .msg_hdr = { .msg_iov = part, .msg_iovlen = 2 } } };
	sendmmsg(client, several, 2, MSG_NOSIGNAL);
	send(client, "third", 5, 0);
	send(client, "fourth", 6, 0);
	char text[64];
	struct iovec room = { text, sizeof text };
	struct msghdr message = { &name, sizeof name, &room, 1, NULL, 0, 0 };
	recvmsg(server, &message, 0);
	recvfrom(server, text, sizeof text, 0, (struct sockaddr *)&name, &(socklen_t){ sizeof name });
	struct mmsghdr received[2] = { { .msg_hdr = { .msg_iov = &room, .msg_iovlen = 1 } },
				       { .msg_hdr = { .msg_iov = &room, .msg_iovlen = 1 } } };
	recvmmsg(server, received, 2, MSG_DONTWAIT, NULL);
	message.msg_namelen = sizeof name;
	recvmsg(server, &message, MSG_DONTWAIT);
	recvfrom(server, text, sizeof text, MSG_DONTWAIT, NULL, NULL);
	int value = 1;
	len = sizeof value;
	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &value, sizeof value);
	getsockopt(server, SOL_SOCKET, SO_TYPE, &value, &len);
	setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ 2, 0 }, sizeof(struct timeval));
	setsockopt(server, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 5 }, sizeof(struct linger));
	int pair[2];
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct msghdr passed = { NULL, 0, part, 1, control, sizeof control, 0 };
	struct cmsghdr *header = CMSG_FIRSTHDR(&passed);
	header->cmsg_level = SOL_SOCKET, header->cmsg_type = SCM_RIGHTS, header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &server, sizeof server);
	sendmsg(pair[0], &passed, 0);
	struct msghdr taken = { NULL, 0, &room, 1, control, sizeof control, 0 };
	recvmsg(pair[1], &taken, MSG_CMSG_CLOEXEC);
	shutdown(pair[0], SHUT_WR);
	accept(pair[0], NULL, NULL);
	for (int fd = server; fd < server + 5; fd++)
		close(fd);
}

static void process(void)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_NODEFER }, old;
	sigaction(SIGALRM, &action, &old);
	action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
	sigaction(SIGUSR1, &action, NULL);
	stack_t stack = { .ss_flags = SS_DISABLE };
	sigaltstack(&stack, NULL);
	struct itimerval soon = { { 0, 0 }, { 0, 20000 } }, rest;
	setitimer(ITIMER_REAL, &soon, NULL);
	struct timespec long_time = { 100, 0 }, left;
	nanosleep(&long_time, &left);
	soon.it_value.tv_usec = 0;
	setitimer(ITIMER_REAL, &soon, &rest);
	sigset_t blocked, before;
	sigemptyset(&blocked), sigaddset(&blocked, SIGUSR2), sigaddset(&blocked, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	kill(getpid(), SIGUSR1);
	sigprocmask(SIG_SETMASK, &before, NULL);
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, RLIM_INFINITY });
	prctl(PR_SET_NAME, "assorted");
	prctl(PR_GET_DUMPABLE);
	cpu_set_t cpus;
	sched_getaffinity(0, sizeof cpus, &cpus);
	getpriority(PRIO_PROCESS, 0);
	umask(077);
	int status;
	struct rusage used;
	pid_t child = fork();
	if (child == 0)
		raise(SIGTERM);
	waitpid(child, &status, 0);
	child = vfork();
	if (child == 0)
		_exit(6);
	waitid(P_PID, child, NULL, WEXITED | WNOWAIT);
	wait4(child, &status, WNOHANG, NULL);
	wait4(-1, &status, 0, &used);
	getrusage(RUSAGE_CHILDREN, &used);
}

static void *end(void *unused)
{
	(void)unused;
	usleep(50000);
	syscall(SYS_exit_group, 3);
	return NULL;
}

int main(void)
{
	waiting();
	files();
	sockets();
	process();
	pthread_t thread;
	pthread_create(&thread, NULL, end, NULL);
	pause();
	return 1;
}
