// Looks up the names that it is given, with the resolver of the libc that it is linked with.
#include <netdb.h>
#include <stddef.h>

int main(int count, char **names) {
  for (int at = 1; at < count; at++) {
    struct addrinfo *found = NULL;
    if (getaddrinfo(names[at], "80", NULL, &found) == 0) freeaddrinfo(found);
  }
  return 0;
}
