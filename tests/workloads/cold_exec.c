/* Executes a program by strings in pages that it has never touched. */
#include <unistd.h>

#define PAGE __attribute__((aligned(4096)))

/* Far from what is touched: the kernel maps neighbouring pages of a file when it reads one. */
static const char before[1 << 18] PAGE = {1};
static const char path[4096] PAGE = "/bin/sh";
static const char option[4096] PAGE = "-c";
static const char script[4096] PAGE = "exit 7";
static const char behind[1 << 18] PAGE = {1};

int main(void) {
    char *argv[] = {(char *)path, (char *)option, (char *)script, 0};
    char *env[] = {0};
    execve(path, argv, env);
    return before[0] + behind[0];
}
