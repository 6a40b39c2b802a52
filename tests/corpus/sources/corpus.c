// Ways for a program in C to fail: `corpus WHAT`.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int zero;
static int *volatile nowhere;

static int recurse(volatile char *below) {
    volatile char here[4096];
    here[0] = below[0];
    return recurse(here) + here[0];
}

static void config(void) {
    FILE *file = fopen("/etc/app/app.conf", "r");
    if (!file) {
        fprintf(stderr, "app: /etc/app/app.conf: %s\n", strerror(errno));
        exit(2);
    }
    fclose(file);
}

static void *take(void *lock) {
    pthread_mutex_lock(lock);
    return NULL;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "well";
    if (!strcmp(what, "config")) config();
    if (!strcmp(what, "quiet-config")) {
        int file = open("/etc/app/app.conf", O_RDONLY);
        if (file < 0) return 2;
    }
    if (!strcmp(what, "lapped-config")) {
        for (int i = 0; i < 1000000; i++) syscall(SYS_getppid);
        config();
    }
    if (!strcmp(what, "abort")) {
        fprintf(stderr, "app: the journal is torn\n");
        abort();
    }
    if (!strcmp(what, "assert")) {
        int port = argc - 2;
        assert(port > 0);
    }
    if (!strcmp(what, "twice")) {
        char *volatile first = malloc(4000), *volatile second = malloc(4000);
        free(first);
        free(first);
        free(second);
    }
    if (!strcmp(what, "null")) *nowhere = 1;
    if (!strcmp(what, "divide")) return argc / zero;
    if (!strcmp(what, "illegal")) __builtin_trap();
    if (!strcmp(what, "recurse")) {
        char top = 0;
        return recurse(&top);
    }
    if (!strcmp(what, "bus")) {
        int file = open("/tmp/short", O_RDWR | O_CREAT, 0600);
        char *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        mapped[100] = 1;
    }
    if (!strcmp(what, "file-size")) {
        int file = open("/tmp/journal", O_WRONLY | O_CREAT, 0600);
        static char entry[65536];
        for (int i = 0; i < 64; i++)
            if (write(file, entry, sizeof entry) < 0) return 1;
    }
    if (!strcmp(what, "pipe")) {
        int ends[2];
        if (pipe(ends)) return 1;
        close(ends[0]);
        dprintf(ends[1], "a row\n");
    }
    if (!strcmp(what, "eat")) {
        for (int i = 0; i < 512; i++) memset(malloc(1 << 20), 1, 1 << 20);
    }
    if (!strcmp(what, "spin")) {
        for (;;) zero++;
    }
    if (!strcmp(what, "alone")) {
        pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
        pthread_mutex_lock(&lock);
        pthread_mutex_lock(&lock);
    }
    if (!strcmp(what, "crossed")) {
        pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
        pthread_t other;
        pthread_mutex_lock(&lock);
        pthread_create(&other, NULL, take, &lock);
        pthread_join(other, NULL);
    }
    if (!strcmp(what, "locked")) {
        int mine = open("/tmp/lock", O_RDWR | O_CREAT, 0600), its = open("/tmp/lock", O_RDWR);
        flock(mine, LOCK_EX);
        flock(its, LOCK_EX);
    }
    if (!strcmp(what, "children")) {
        for (int i = 0; i < 64; i++) {
            pid_t child = fork();
            if (child < 0) {
                perror("app: fork");
                return 1;
            }
            if (child == 0) {
                pause();
                return 0;
            }
        }
        return 0;
    }
    puts("well");
    return 0;
}
