#include "apps/runtime/watch.h"

#include "apps/session/container_of.h"
#include "apps/runtime/loop.h"
#include "apps/runtime/offload.h"

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

bool nacre_watch_set(struct nacre_watch *watch, unsigned events)
{
    uint32_t wanted = ((events & NACRE_WATCH_READ) != 0 ? EPOLLIN | EPOLLRDHUP : 0) |
                      ((events & NACRE_WATCH_WRITE) != 0 ? EPOLLOUT : 0);

    return loop_rewatch(watch->loop, watch->fd, &watch->source, wanted);
}

void nacre_watch_free(struct nacre_watch *watch)
{
    if (watch == NULL)
        return;
    loop_unwatch(watch->loop, watch->fd, &watch->source);
    free(watch);
}

/* ---- timers ---- */

struct nacre_timer {
    struct timer timer;
    struct nacre_loop *loop;
    void (*fire)(void *context);
    void *context;
};

static void on_timer(struct timer *timer)
{
    const struct nacre_timer *t = container_of(timer, struct nacre_timer, timer);

    t->fire(t->context);
}

struct nacre_timer *nacre_timer_new(struct nacre_loop *loop, void (*fire)(void *context),
                                    void *context)
{
    struct nacre_timer *t = fire != NULL ? calloc(1, sizeof *t) : NULL;

    if (t != NULL)
        *t = (struct nacre_timer){{.fire = on_timer}, loop, fire, context};
    return t;
}

bool nacre_timer_set(struct nacre_timer *t, uint32_t ms)
{
    if (!t->loop->running)
        loop_update_clock(t->loop);
    return loop_set_timer(t->loop, &t->timer, ms == UINT32_MAX ? UINT64_MAX : t->loop->now_ms + ms);
}

void nacre_timer_free(struct nacre_timer *t)
{
    if (t == NULL)
        return;
    (void)loop_set_timer(t->loop, &t->timer, UINT64_MAX);
    free(t);
}

/* ---- calls from other threads ---- */

bool nacre_loop_post(struct nacre_loop *loop, void (*call)(void *argument), void *argument)
{
    return loop->mailbox != NULL && nacre_mailbox_post(loop->mailbox, call, argument);
}
