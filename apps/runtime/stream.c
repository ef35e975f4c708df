/* From descriptors to the peer, and joining. */
#include "apps/runtime/stream_parts.h"
#include "connection/channel_wrap.h"
#include "transport/growth.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    READ_MAX = 32 * 1024,  /* bytes at a time: one message */
    READS_A_TURN = 8,      /* before other tasks of the loop run */
    LAST_MAX = 128 * 1024, /* bytes that are read when it finishes */
};

static void check_drained(struct nacre_stream *s)
{
    if (s->over || s->reported_drained || s->in.fd >= 0 || s->err.fd >= 0)
        return;
    s->reported_drained = true;
    if (s->drained != NULL)
        channel_call(s->ch, s->drained);
    else
        nacre_channel_eof(s->ch);
}

/* Once the stream finishes, an end counts as ended when nothing can be read any more, or when
 * enough was read. */
static void check_last(struct nacre_stream *s, struct stream_end *e, ssize_t n)
{
    if (!s->finishing)
        return;
    if (n > 0)
        s->last -= (uint32_t)n < s->last ? (uint32_t)n : s->last;
    if (s->last == 0 || !e->ready)
        stream_close_end(e);
}

/* Read some of the bytes that are there, and send them. */
static void pull(struct nacre_stream *s, struct stream_end *e)
{
    uint8_t buffer[READ_MAX];

    for (int i = 0; i < READS_A_TURN && e->ready; i++) {
        size_t room = nacre_channel_space(s->ch);
        ssize_t n;

        if (room == 0) {
            nacre_channel_await_space(s->ch);
            return;
        }
        n = read(e->fd, buffer, room < READ_MAX ? room : READ_MAX);
        if (n > 0 && e == &s->err)
            (void)nacre_channel_write_extended(s->ch, buffer, (size_t)n);
        else if (n > 0)
            (void)nacre_channel_write(s->ch, buffer, (size_t)n);
        else if (n < 0 && errno == EAGAIN)
            e->ready = false;
        else if (n == 0 || errno != EINTR) /* EIO on a terminal and ECONNRESET are ends too */
            stream_close_end(e);
        check_last(s, e, n);
    }
    if (e->ready)
        loop_later(s->loop, &s->task);
}

static void read_more(struct nacre_stream *s)
{
    stream_enter(s);
    pull(s, &s->err);
    pull(s, &s->in);
    check_drained(s);
    stream_close_when_done(s);
    stream_leave(s);
}

/* ---- the channel's other callbacks ---- */

static void on_eof(struct nacre_channel *ch)
{
    struct nacre_stream *s = stream_of(ch);

    stream_enter(s);
    if (s->outer->eof != NULL)
        s->outer->eof(ch);
    if (!s->over)
        stream_end_output(s);
    stream_close_when_done(s);
    stream_leave(s);
}

static void on_writable(struct nacre_channel *ch)
{
    read_more(stream_of(ch));
}

/* "eow@openssh.com": the peer reads no more, so the writers at the other end should notice. */
static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    struct nacre_stream *s = stream_of(ch);

    if (request->kind == NACRE_REQUEST_EOW && !(s->in.fd >= 0 && isatty(s->in.fd))) {
        stream_close_end(&s->in);
        stream_close_end(&s->err);
        loop_later(s->loop, &s->task);
    }
    return s->outer->request != NULL ? s->outer->request(ch, request) : NACRE_REFUSE;
}

static void end(struct nacre_stream *s)
{
    s->over = true;
    stream_close_end(&s->in);
    stream_close_end(&s->err);
    stream_close_end(&s->out);
    loop_forget(s->loop, &s->task);
    (void)loop_set_timer(s->loop, &s->close_timer, UINT64_MAX);
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct nacre_stream *s = stream_of(ch);

    stream_enter(s);
    end(s);
    channel_unwrap(ch, s->outer);
    if (s->outer->closed != NULL)
        s->outer->closed(ch, why);
    stream_leave(s);
}

/* Another application takes the stream's place. */
static void on_unwrapped(struct nacre_channel *ch)
{
    struct nacre_stream *s = stream_of(ch);

    stream_enter(s);
    end(s);
    stream_leave(s);
}

/* ---- the loop ---- */

static void on_task(struct task *task)
{
    read_more(container_of(task, struct nacre_stream, task));
}

static void on_readable(struct source *source, uint32_t events)
{
    struct stream_end *e = container_of(source, struct stream_end, source);

    (void)events; /* read() says which it is */
    e->ready = true;
    read_more(e->stream);
}

/* ---- joining ---- */

static void block_sigpipe(void)
{
    sigset_t pipes;

    (void)sigemptyset(&pipes);
    (void)sigaddset(&pipes, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipes, NULL);
}

static bool begin(struct nacre_stream *s, struct stream_end *e,
                  void (*ready)(struct source *, uint32_t), uint32_t events)
{
    int flags;

    e->source.ready = ready;
    e->stream = s;
    if (e->fd < 0)
        return true;
    flags = fcntl(e->fd, F_GETFL);
    if (flags < 0 || fcntl(e->fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return false;
    e->ready = true;
    e->watched = loop_watch(s->loop, e->fd, &e->source, events | EPOLLET);
    return e->watched || errno == EPERM; /* epoll refuses files, which are always ready */
}

static bool begin_all(struct nacre_stream *s)
{
    if (s->out.fd >= 0 && s->out.fd == s->in.fd) { /* each is watched and closed separately */
        s->out.fd = fcntl(s->in.fd, F_DUPFD_CLOEXEC, 0);
        if (s->out.fd < 0)
            return false;
    }
    return begin(s, &s->in, on_readable, EPOLLIN | EPOLLRDHUP) &&
           begin(s, &s->err, on_readable, EPOLLIN | EPOLLRDHUP) &&
           begin(s, &s->out, stream_on_writable_end, EPOLLOUT);
}

/* False: the channel is joined already, or inside closed. */
static bool take_over(struct nacre_stream *s)
{
    s->outer = channel_current_app(s->ch);
    s->app = *s->outer;
    s->app.data = stream_on_data;
    s->app.writable = on_writable;
    s->app.eof = on_eof;
    s->app.request = on_request;
    s->app.closed = on_closed;
    return channel_wrap(s->ch, &s->app, on_unwrapped);
}

static void close_all(const struct nacre_stream_config *config)
{
    const int fds[] = {config->input, config->error, config->output};

    for (size_t i = 0; i < 3; i++)
        if (fds[i] >= 0 && !(i == 2 && fds[2] == fds[0]))
            (void)close(fds[i]);
}

static const struct growth config_growth = {sizeof(struct nacre_stream_config), {{0}}};

struct nacre_stream *nacre_stream_join(struct nacre_channel *ch, struct nacre_loop *loop,
                                       const struct nacre_stream_config *config)
{
    struct nacre_stream *s = calloc(1, sizeof *s);
    struct nacre_stream_config complete;

    growth_copy(&config_growth, &complete, config, channel_version(ch));
    config = &complete;
    if (s == NULL) {
        close_all(config);
        return NULL;
    }
    s->ch = ch;
    s->loop = loop;
    s->task.run = on_task;
    s->close_timer.fire = stream_on_close_timer;
    s->drained = config->drained;
    s->in.fd = config->input;
    s->err.fd = config->error;
    s->out.fd = config->output;
    s->after_newline = true;
    block_sigpipe();
    if (!begin_all(s) || !take_over(s)) {
        stream_close_end(&s->in);
        stream_close_end(&s->err);
        stream_close_end(&s->out);
        free(s);
        return NULL;
    }
    if (config->output_ended)
        stream_end_output(s);
    loop_later(s->loop, &s->task);
    return s;
}

void nacre_stream_finish(struct nacre_channel *ch)
{
    struct nacre_stream *s;

    if (channel_current_app(ch)->closed != on_closed)
        return; /* not the application that a stream puts in place */
    s = stream_of(ch);
    if (s->finishing)
        return;
    s->finishing = true;
    s->last = LAST_MAX;
    s->in.ready = s->in.fd >= 0; /* it looks once more, to find out that there is nothing */
    s->err.ready = s->err.fd >= 0;
    loop_later(s->loop, &s->task);
}
