// Says "ready" and is blocked in read(0, ..., 4242) until somebody kills it or closes the pipe.
#include <unistd.h>

int main(void)
{
	static char bytes[4242];
	if (write(1, "ready\n", 6) != 6)
		return 2;
	return read(0, bytes, sizeof bytes) < 0;
}
