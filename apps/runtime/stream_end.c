/* One descriptor of a stream, and the stream's own lifetime. */
#include "apps/runtime/stream_parts.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct nacre_stream *stream_of(const struct nacre_channel *ch)
{
    return container_of(nacre_channel_get_app(ch), struct nacre_stream, app);
}

void stream_close_end(struct stream_end *e)
{
    if (e->fd < 0)
        return;
    if (e->watched)
        loop_unwatch(e->stream->loop, e->fd, &e->source);
    (void)close(e->fd);
    e->fd = -1;
    e->ready = false;
}

/* SIGPIPE is blocked on this thread: remove the pending one, which would stay for ever. */
static void drop_sigpipe(void)
{
    const struct timespec at_once = {0, 0};
    sigset_t pipes;

    (void)sigemptyset(&pipes);
    (void)sigaddset(&pipes, SIGPIPE);
    (void)sigtimedwait(&pipes, NULL, &at_once);
}

ssize_t stream_write(struct stream_end *e, const void *data, size_t len)
{
    ssize_t n;

    do
        n = write(e->fd, data, len);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return n;
    if (errno == EPIPE)
        drop_sigpipe();
    e->ready = false;
    return errno == EAGAIN ? 0 : -1;
}

void stream_enter(struct nacre_stream *s)
{
    s->depth++;
}

void stream_leave(struct nacre_stream *s)
{
    if (--s->depth == 0 && s->over)
        free(s);
}

void stream_close_when_done(struct nacre_stream *s)
{
    if (!s->over && s->drained == NULL && s->reported_drained && s->out.fd < 0)
        nacre_channel_close(s->ch);
}
