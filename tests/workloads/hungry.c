/* Takes memory and writes to all of it, for ever. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void) {
    if (write(1, "ready\n", 6) != 6) return 1;
    for (;;) {
        char *memory = malloc(1 << 20);
        if (!memory) return 2;
        memset(memory, 1, 1 << 20);
    }
}
