#include "apps/runtime/watch.h"

#include "apps/session/container_of.h"
#include "apps/runtime/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

struct nacre_watch {
    struct source source;
    struct nacre_loop *loop;
    int fd;
    void (*ready)(void *context);
    void *context;
};

static void on_ready(struct source *source, uint32_t events)
{
    const struct nacre_watch *watch = container_of(source, struct nacre_watch, source);

    (void)events;
    watch->ready(watch->context);
}

struct nacre_watch *nacre_watch_new(struct nacre_loop *loop, int fd, void (*ready)(void *context),
                                    void *context)
{
    struct nacre_watch *watch = ready != NULL ? calloc(1, sizeof *watch) : NULL;
    int failure;

    if (ready == NULL)
        errno = EINVAL;
    if (watch == NULL)
        return NULL;
    *watch = (struct nacre_watch){{on_ready}, loop, fd, ready, context};
    if (loop_watch(loop, fd, &watch->source, EPOLLIN))
        return watch;
    failure = errno;
    free(watch);
    errno = failure;
    return NULL;
}

void nacre_watch_free(struct nacre_watch *watch)
{
    if (watch == NULL)
        return;
    loop_unwatch(watch->loop, watch->fd, &watch->source);
    free(watch);
}
