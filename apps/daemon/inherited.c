#include "apps/daemon/inherited.h"

#include "apps/session/number.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_for_us(void)
{
    const char *text = getenv("LISTEN_PID");
    uint64_t pid;

    return text != NULL && number_whole(text, 1, INT32_MAX, &pid) && (pid_t)pid == getpid();
}

static bool take(struct inherited *inherited, const char *number, const struct errbuf *p)
{
    uint64_t count;

    if (!number_whole(number, 0, INHERITED_MAX, &count))
        return errbuf_say(p, "LISTEN_FDS: '%s' is not a number of sockets from 0 to %d", number,
                          INHERITED_MAX);
    for (int fd = INHERITED_FIRST; fd < INHERITED_FIRST + (int)count; fd++) {
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
            return errbuf_say(p, "LISTEN_FDS: descriptor %d: %s", fd, strerror(errno));
        inherited->sockets[inherited->count++] = fd;
    }
    return true;
}

void inherited_close(const struct inherited *inherited)
{
    for (size_t i = 0; i < inherited->count; i++)
        (void)close(inherited->sockets[i]);
}

bool inherited_take(struct inherited *inherited, const struct errbuf *p)
{
    const char *number = getenv("LISTEN_FDS");
    bool good = true;

    *inherited = (struct inherited){.count = 0};
    if (number != NULL && is_for_us())
        good = take(inherited, number, p);
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
    return good;
}
