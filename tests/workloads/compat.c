// One call of the 32-bit table: number 20 is getpid there, and writev in the 64-bit table.
#include <stdio.h>
#include <unistd.h>

int main(void)
{
#if defined(__x86_64__)
	long result;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
	// Where the kernel has no 32-bit table the call fails (ENOSYS); that is recorded as well.
	return result == getpid() ? 0 : 77;
#else
	return 77;
#endif
}
