/* From the peer to the descriptor. */
#include "apps/runtime/stream_parts.h"

#include "connection/connection.h"
#include "transport/transport.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
    PATIENCE_MS =
        5 * 1000, /* for a descriptor that does not take the last bytes of a peer that has closed */
};

/* SIGPIPE is blocked: take it back, or it would wait for ever. */
static void drop_sigpipe(void)
{
    const struct timespec at_once = {0, 0};
    sigset_t pipes;

    (void)sigemptyset(&pipes);
    (void)sigaddset(&pipes, SIGPIPE);
    (void)sigtimedwait(&pipes, NULL, &at_once);
}

/* Bytes written; 0 when none can be now; -1: nobody reads there any more. */
static ssize_t put(struct end *e, const void *data, size_t len)
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

/* Nobody reads there any more. PROTOCOL section 2.1: of a session's the peer is told, so that it
 * need not send; it asks to tell OpenSSH only, because others do not bear it. */
static void lose_reader(struct nacre_stream *s)
{
    static const char openssh[] = "SSH-2.0-OpenSSH_";
    const char *version = transport_peer_version(s->ch->connection->transport);

    stream_close_end(&s->out);
    if (strcmp(s->ch->type, "session") == 0 && strncmp(version, openssh, strlen(openssh)) == 0)
        (void)nacre_channel_request(s->ch, "eow@openssh.com", false, NULL, 0);
}

size_t stream_on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    struct nacre_stream *s = stream_of(ch);
    size_t taken = 0;

    while (s->out.ready && taken < len) {
        ssize_t n = put(&s->out, data + taken, len - taken);

        if (n < 0) {
            lose_reader(s);
            loop_later(s->loop, &s->task); /* which looks whether that was all */
        } else {
            taken += (size_t)n;
        }
    }
    if (s->out.fd < 0)
        return len;
    if (taken < len && ch->got_close && (taken > 0 || s->patience.place == 0))
        (void)loop_set_timer(s->loop, &s->patience, s->loop->now_ms + PATIENCE_MS);
    if (taken > 0)
        s->after_newline = data[taken - 1] == '\n' || data[taken - 1] == '\r';
    return taken;
}

/* On a terminal that works in lines the end is typed. In the middle of a line the first one only
 * hands over what there is of it. */
static void begin_typing_eof(struct nacre_stream *s)
{
    struct termios modes;

    if (tcgetattr(s->out.fd, &modes) == 0 && (modes.c_lflag & ICANON) && s->eofs == 0)
        s->eofs = s->after_newline ? 1 : 2;
}

/* Type what is left to type, then be done with the descriptor. */
static void finish_output(struct nacre_stream *s)
{
    struct termios modes;

    while (s->eofs > 0 && s->out.ready && tcgetattr(s->out.fd, &modes) == 0) {
        ssize_t n = put(&s->out, &modes.c_cc[VEOF], 1);

        s->eofs = n < 0 ? 0 : (uint8_t)(s->eofs - n);
    }
    if (s->eofs > 0 && s->out.ready)
        s->eofs = 0; /* no terminal any more */
    if (s->eofs == 0) {
        (void)shutdown(s->out.fd, SHUT_WR); /* no socket: closing will do */
        stream_close_end(&s->out);
    }
}

/* The peer's data are at their end. */
void stream_end_output(struct nacre_stream *s)
{
    if (s->out.fd < 0)
        return;
    begin_typing_eof(s);
    finish_output(s);
}

void stream_on_output(struct source *source, uint32_t events)
{
    struct end *e = (struct end *)source;
    struct nacre_stream *s = e->stream;

    stream_enter(s);
    e->ready = true;
    if (events & (EPOLLERR | EPOLLHUP))
        lose_reader(s);
    else if (s->eofs > 0)
        finish_output(s);
    nacre_channel_resume(s->ch);
    stream_close_when_done(s);
    stream_leave(s);
}

/* The peer has closed long ago: what is left of its data is dropped, so that the channel can end.
 */
void stream_on_patience(struct timer *timer)
{
    struct nacre_stream *s =
        (struct nacre_stream *)(void *)((char *)timer - offsetof(struct nacre_stream, patience));

    stream_enter(s);
    stream_close_end(&s->out);
    nacre_channel_resume(s->ch);
    stream_close_when_done(s);
    stream_leave(s);
}
