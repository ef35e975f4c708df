#include "apps/spec/clients/relay.h"

#include "apps/spec/clients/connected.h"

#include <poll.h>
#include <unistd.h>

enum { CHUNK = 32768, PATIENCE_MS = 20 };

/* A part of the standard input, some of which has been sent. */
struct input {
    char block[CHUNK];
    size_t sent, len;
    bool ended;
};

/* What there is of one stream. False: nothing. */
static bool forward(const struct relayed *library, void *channel, int fd)
{
    char block[CHUNK];
    ssize_t n = library->read(channel, fd == STDERR_FILENO, block, sizeof block);

    for (ssize_t done = 0, wrote; done < n; done += wrote) {
        wrote = write(fd, block + done, (size_t)(n - done));
        check(wrote > 0, "writing");
    }
    return n > 0;
}

static void fill(struct input *in)
{
    ssize_t n = read(STDIN_FILENO, in->block, sizeof in->block);

    in->sent = 0;
    in->len = n > 0 ? (size_t)n : 0;
    in->ended = n <= 0;
}

/* False: there is nothing to send, or the window is closed. */
static bool feed(const struct relayed *library, void *channel, struct input *in)
{
    ssize_t n = 0;

    if (in->sent < in->len)
        n = library->write(channel, in->block + in->sent, in->len - in->sent);
    in->sent += n > 0 ? (size_t)n : 0;
    return n > 0;
}

void relay(const struct relayed *library, void *channel, int fd)
{
    static struct input in;
    bool more = true;

    while (more || !library->has_ended(channel)) {
        bool waits = in.ended || in.sent < in.len; /* for the window, or for the end */
        struct pollfd polled[] = {{.fd = fd, .events = POLLIN},
                                  {.fd = waits ? -1 : STDIN_FILENO, .events = POLLIN}};

        (void)poll(polled, 2,
                   more ? 0 : PATIENCE_MS); /* libraries have messages of their own to send */
        if (polled[1].revents != 0) {
            fill(&in);
            if (in.ended)
                library->write_eof(channel);
        }
        more = feed(library, channel, &in);
        more = forward(library, channel, STDOUT_FILENO) || more;
        more = forward(library, channel, STDERR_FILENO) || more;
    }
}
