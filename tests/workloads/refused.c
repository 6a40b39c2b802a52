// Calls that something answers before the kernel begins them. The first argument says what: see `main`.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PTRACE_SYSEMU
#define PTRACE_SYSEMU 31
#endif
#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif
#define UNSUPPORTED 77

static volatile char selector;
static int notifier = -1;

// Answers call `nr` of this thread with `action`, and of those that it makes.
static int filter(int nr, unsigned action, unsigned flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void on_sigsys(int signo)
{
	selector = 0;
}

static void *doomed(void *unused)
{
	filter(SYS_getppid, SECCOMP_RET_KILL_THREAD, 0);
	syscall(SYS_getppid);
	return unused;
}

static void *supervise(void *unused)
{
	while (*(volatile int *)&notifier < 0)
		usleep(1000);
	for (int i = 0; i < 2; i++) {
		struct seccomp_notif asked = { 0 };
		struct seccomp_notif_resp answer = { 0 };
		if (ioctl(notifier, SECCOMP_IOCTL_NOTIF_RECV, &asked))
			exit(1);
		answer.id = asked.id;
		answer.error = i ? 0 : -EACCES;
		answer.val = i ? 4711 : 0;
		if (ioctl(notifier, SECCOMP_IOCTL_NOTIF_SEND, &answer))
			exit(1);
	}
	return unused;
}

static int emulate(void)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		// arm64 leaves x0 as it is where nobody makes the call, x86 answers ENOSYS: so both do.
		return syscall(SYS_getppid, -ENOSYS) == -1 && errno == ENOSYS ? 0 : 1;
	}
	waitpid(child, &status, 0);
	if (ptrace(PTRACE_SYSEMU, child, 0, 0))
		return UNSUPPORTED;
	waitpid(child, &status, 0);
	ptrace(PTRACE_CONT, child, 0, 0);
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	char *const arguments[] = { "refused", "by", "a filter", NULL };
	pthread_t thread;

	signal(SIGSYS, on_sigsys);
	if (!strcmp(what, "errno")) {
		if (filter(SYS_execve, SECCOMP_RET_ERRNO | EACCES, 0) || filter(SYS_mkdirat, SECCOMP_RET_ERRNO | EPERM, 0))
			return 1;
		syscall(SYS_mkdirat, -100, "/refused/dir", 0700);
		return execve("/bin/refused", arguments, environ) == -1 && errno == EACCES ? 0 : 1;
	}
	if (!strcmp(what, "vfork")) {
		if (filter(SYS_execve, SECCOMP_RET_ERRNO | EACCES, 0))
			return 1;
		pid_t child = vfork();
		if (child == 0) {
			execve("/bin/refused", arguments, environ);
			_exit(0);
		}
		return waitpid(child, NULL, 0) == child ? 0 : 1;
	}
	if (!strcmp(what, "trap")) {
		filter(SYS_getppid, SECCOMP_RET_TRAP, 0);
		syscall(SYS_getppid);
		return 0;
	}
	if (!strcmp(what, "kill")) {
		filter(SYS_getppid, SECCOMP_RET_KILL_PROCESS, 0);
		syscall(SYS_getppid);
		return 0;
	}
	if (!strcmp(what, "kill-thread")) {
		pthread_create(&thread, NULL, doomed, NULL);
		pthread_join(thread, NULL);
		return 0;
	}
	if (!strcmp(what, "notify")) {
		pthread_create(&thread, NULL, supervise, NULL);
		notifier = filter(SYS_getppid, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
		if (notifier < 0)
			return UNSUPPORTED;
		syscall(SYS_getppid);
		return syscall(SYS_getppid) == 4711 ? 0 : 1;
	}
	if (!strcmp(what, "emulate"))
		return emulate();
	if (!strcmp(what, "dispatch")) {
		if (prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, &selector))
			return UNSUPPORTED;
		selector = 1;
		syscall(SYS_getppid);
		return selector;
	}
	return 2;
}
