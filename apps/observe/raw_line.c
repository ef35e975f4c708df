#include "apps/observe/raw_line.h"

#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

bool raw_line_is_needed(int fd)
{
    struct termios modes;

    return tcgetattr(fd, &modes) == 0 && (modes.c_oflag & OPOST) == 0;
}

ssize_t raw_line_write(int fd, const char *text, size_t len)
{
    static char end[] = "\r\n";
    const char *newline = memchr(text, '\n', len);
    size_t line = newline != NULL ? (size_t)(newline - text) : len;
    const struct iovec parts[] = {{(void *)(uintptr_t)text, line}, {end, strlen(end)}};
    ssize_t n = writev(fd, parts, newline != NULL ? 2 : 1);

    if (n > (ssize_t)line) /* half of the end is written again */
        return n == (ssize_t)(line + strlen(end)) ? (ssize_t)line + 1 : (ssize_t)line;
    return n;
}
