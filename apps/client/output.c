#include "apps/client/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

void output_begin(struct output *o, int fd)
{
    struct stat status;
    bool is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);

    /* A pipe that poll(2) calls writable accepts this much without waiting. */
    *o = (struct output){.fd = fd, .piece = is_file ? SSIZE_MAX : PIPE_BUF};
}

static bool is_writable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};

    return poll(&p, 1, 0) == 1;
}

size_t output_write(struct output *o, const uint8_t *data, size_t len)
{
    size_t done = 0;

    while (done < len && !o->broken && !o->ended) {
        size_t piece = len - done < o->piece ? len - done : o->piece;
        ssize_t n;

        o->blocked = !is_writable(o->fd);
        if (o->blocked)
            return done;
        n = write(o->fd, data + done, piece);
        if (n > 0)
            done += (size_t)n;
        else if (n < 0 && (errno == EINTR || errno == EAGAIN))
            o->blocked = true; /* a signal: let the loop see it */
        else
            o->broken = true;
        if (o->blocked)
            return done;
    }
    return len;
}

void output_end(struct output *o)
{
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);

    o->ended = true;
    if (nothing < 0)
        return;
    (void)dup2(nothing, o->fd);
    (void)close(nothing);
}
