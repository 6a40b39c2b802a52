// A thread that is not the first one calls execve: the thread takes over the process's id.
#include <pthread.h>
#include <unistd.h>

static void *thread(void *path)
{
	execl(path, path, "-c", "exit 5", (char *)0);
	return NULL;
}

int main(void)
{
	pthread_t id;
	pthread_create(&id, NULL, thread, "/bin/sh");
	pthread_join(id, NULL);
	return 1;
}
