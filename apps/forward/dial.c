#include "apps/forward/dial.h"

#include "apps/forward/resolve.h"
#include "apps/runtime/pump.h"

#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CONNECT_MS = 20 * 1000 };

static struct nacre_loop *loop_of(const struct dial *dial)
{
    return dial->forwards->home.loop;
}

/* Removes it from epoll before it is closed, for the reason that pump.c gives. */
static void unwatch(struct dial *dial)
{
    if (dial->fd >= 0)
        loop_unwatch(loop_of(dial), dial->fd, &dial->source);
}

static void drop_socket(struct dial *dial)
{
    unwatch(dial);
    if (dial->fd >= 0)
        (void)close(dial->fd);
    dial->fd = -1;
}

static void clear(struct dial *dial)
{
    (void)loop_set_timer(loop_of(dial), &dial->timer, UINT64_MAX);
    loop_forget(loop_of(dial), &dial->task);
    resolve_forget(dial->resolving);
    dial->resolving = NULL;
    if (dial->found != NULL)
        freeaddrinfo(dial->found);
    dial->found = dial->trying = NULL;
}

/* The owner may free the dial in its function. */
static void finish(struct dial *dial)
{
    int fd = dial->fd;

    unwatch(dial);
    dial->fd = -1;
    clear(dial);
    dial->done(dial, fd, fd >= 0 ? "" : dial->failure);
}

static void on_task(struct task *task)
{
    finish(container_of(task, struct dial, task));
}

/* Not before the caller has returned. */
static void finish_soon(struct dial *dial, const char *failure)
{
    dial->failure = failure;
    loop_later(loop_of(dial), &dial->task);
}

/* True: connected, or soon. False: errno. */
static bool start(struct dial *dial, const struct sockaddr *address, socklen_t len)
{
    int failure;

    dial->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (dial->fd >= 0 && (connect(dial->fd, address, len) == 0 || errno == EINPROGRESS) &&
        loop_watch(loop_of(dial), dial->fd, &dial->source, EPOLLOUT))
        return true;
    failure = errno;
    drop_socket(dial);
    errno = failure;
    return false;
}

/* Each address gets the same share of the time that is left. */
static bool set_timer(struct dial *dial)
{
    struct nacre_loop *loop = loop_of(dial);
    uint64_t left = dial->give_up_ms > loop->now_ms ? dial->give_up_ms - loop->now_ms : 0;
    uint64_t addresses = 0;

    for (const struct addrinfo *at = dial->trying; at != NULL; at = at->ai_next)
        addresses++;
    return loop_set_timer(loop, &dial->timer,
                          loop->now_ms + left / (addresses == 0 ? 1 : addresses));
}

/* The address at `trying`, or the first one after it that does not fail at once. */
static void try_address(struct dial *dial, int failure)
{
    for (; dial->trying != NULL; dial->trying = dial->trying->ai_next) {
        if (set_timer(dial) && start(dial, dial->trying->ai_addr, dial->trying->ai_addrlen))
            return;
        failure = errno;
    }
    finish_soon(dial, strerror(failure));
}

static void try_next(struct dial *dial, int failure)
{
    drop_socket(dial);
    if (dial->trying != NULL)
        dial->trying = dial->trying->ai_next;
    try_address(dial, failure);
}

static void on_writable(struct source *source, uint32_t events)
{
    struct dial *dial = container_of(source, struct dial, source);
    socklen_t len = sizeof(int);
    int failure = 0;

    (void)events;
    if (getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &failure, &len) != 0)
        failure = errno;
    if (failure != 0) {
        try_next(dial, failure);
        return;
    }
    pump_set_options(dial->fd);
    finish(dial);
}

static void on_timer(struct timer *timer)
{
    struct dial *dial = container_of(timer, struct dial, timer);

    if (dial->resolving != NULL)
        finish_soon(dial, "the name is not found in time");
    else
        try_next(dial, ETIMEDOUT);
}

static void on_found(void *owner, struct addrinfo *found, const char *failure)
{
    struct dial *dial = owner;

    dial->resolving = NULL;
    dial->found = dial->trying = found;
    if (found == NULL)
        finish_soon(dial, failure);
    else
        try_address(dial, 0);
}

static void connect_to_path(struct dial *dial, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof address.sun_path) {
        finish_soon(dial, strerror(ENAMETOOLONG));
        return;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (!start(dial, (struct sockaddr *)&address, sizeof address))
        finish_soon(dial, strerror(errno));
}

bool dial_begin(struct dial *dial, struct nacre_forwards *f, const struct nacre_target *target,
                void (*done)(struct dial *dial, int fd, const char *failure))
{
    uint32_t most = f->policy->connect_ms;

    *dial = (struct dial){.forwards = f,
                          .source = {on_writable},
                          .timer = {.fire = on_timer},
                          .task = {.run = on_task},
                          .give_up_ms = f->home.loop->now_ms + (most != 0 ? most : CONNECT_MS),
                          .fd = -1,
                          .done = done};
    if (target->is_path) {
        connect_to_path(dial, target->host);
        return true;
    }
    dial->found = dial->trying = resolve_digits(target);
    if (dial->found != NULL) {
        try_address(dial, 0);
        return true;
    }
    dial->resolving = resolve_begin(f, target, on_found, dial);
    if (dial->resolving != NULL && set_timer(dial))
        return true;
    dial_cancel(dial);
    return false;
}

void dial_cancel(struct dial *dial)
{
    drop_socket(dial);
    clear(dial);
}
