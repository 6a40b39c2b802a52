// The first thread ends alone; another one ends the process.
#include <pthread.h>
#include <unistd.h>

static void *thread(void *unused)
{
	(void)unused;
	usleep(200000);
	_exit(7);
}

int main(void)
{
	pthread_t id;
	pthread_create(&id, NULL, thread, NULL);
	pthread_exit(NULL);
}
