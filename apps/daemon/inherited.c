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

/* Is the first of the names, which are separated by colons, "metrics"? Moves past it. */
static bool next_is_metrics(const char **names)
{
    size_t len = *names != NULL ? strcspn(*names, ":") : 0;
    bool is = len == strlen(INHERITED_METRICS) && memcmp(*names, INHERITED_METRICS, len) == 0;

    if (*names != NULL)
        *names += len + ((*names)[len] == ':');
    return is;
}

static bool put(struct inherited *inherited, int fd, bool is_metrics, const struct errbuf *p)
{
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return errbuf_say(p, "LISTEN_FDS: descriptor %d: %s", fd, strerror(errno));
    if (!is_metrics && inherited->count == INHERITED_MAX)
        return errbuf_say(p, "LISTEN_FDS: more than %d sockets", INHERITED_MAX);
    if (is_metrics && inherited->metrics >= 0)
        return errbuf_say(p, "LISTEN_FDNAMES: two sockets are named " INHERITED_METRICS);
    if (is_metrics)
        inherited->metrics = fd;
    else
        inherited->sockets[inherited->count++] = fd;
    return true;
}

static bool take(struct inherited *inherited, const char *number, const struct errbuf *p)
{
    const char *names = getenv("LISTEN_FDNAMES");
    uint64_t count;

    if (!number_whole(number, 0, INHERITED_MAX + 1, &count))
        return errbuf_say(p, "LISTEN_FDS: '%s' is not a number of sockets from 0 to %d", number,
                          INHERITED_MAX);
    for (int fd = INHERITED_FIRST; fd < INHERITED_FIRST + (int)count; fd++)
        if (!put(inherited, fd, next_is_metrics(&names), p))
            return false;
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

    *inherited = (struct inherited){.metrics = -1};
    if (number != NULL && is_for_us())
        good = take(inherited, number, p);
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
    return good;
}
