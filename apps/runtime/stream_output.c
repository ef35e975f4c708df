/* From the peer to the descriptor. */
#include "apps/runtime/stream_parts.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <termios.h>

enum {
    CLOSE_MS =
        5 * 1000, /* the peer has closed, and the descriptor accepts none of its last bytes */
};

/* Nothing reads the descriptor's other end any more. A session's peer need not send more then. */
static void lose_reader(struct nacre_stream *s)
{
    stream_close_end(&s->out);
    (void)nacre_channel_eow(s->ch);
}

size_t stream_on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    struct nacre_stream *s = stream_of(ch);
    size_t written = 0;

    while (s->out.ready && written < len) {
        ssize_t n = stream_write(&s->out, data + written, len - written);

        if (n < 0) {
            lose_reader(s);
            loop_later(s->loop, &s->task); /* checks whether the stream is done */
        } else {
            written += (size_t)n;
        }
    }
    if (s->out.fd < 0)
        return len;
    if (written < len && nacre_channel_peer_closed(ch) &&
        (written > 0 || s->close_timer.place == 0))
        (void)loop_set_timer(s->loop, &s->close_timer, s->loop->now_ms + CLOSE_MS);
    if (written > 0)
        s->after_newline = data[written - 1] == '\n' || data[written - 1] == '\r';
    return written;
}

/* On a terminal in canonical mode, EOF is a character that is typed. In the middle of a line it
 * must be typed twice: the first one only passes the unfinished line on. */
static void begin_typing_eof(struct nacre_stream *s)
{
    struct termios modes;

    if (tcgetattr(s->out.fd, &modes) == 0 && (modes.c_lflag & ICANON) && s->eofs == 0)
        s->eofs = s->after_newline ? 1 : 2;
}

/* Type the end-of-file characters that remain, then close the descriptor. */
static void finish_output(struct nacre_stream *s)
{
    struct termios modes;

    while (s->eofs > 0 && s->out.ready && tcgetattr(s->out.fd, &modes) == 0) {
        ssize_t n = stream_write(&s->out, &modes.c_cc[VEOF], 1);

        s->eofs = n < 0 ? 0 : (uint8_t)(s->eofs - n);
    }
    if (s->eofs > 0 && s->out.ready)
        s->eofs = 0; /* the terminal is gone */
    if (s->eofs == 0) {
        (void)shutdown(s->out.fd, SHUT_WR); /* fails if this is no socket: closing is enough then */
        stream_close_end(&s->out);
    }
}

void stream_end_output(struct nacre_stream *s)
{
    if (s->out.fd < 0)
        return;
    begin_typing_eof(s);
    finish_output(s);
}

void stream_on_writable_end(struct source *source, uint32_t events)
{
    struct stream_end *e = container_of(source, struct stream_end, source);
    struct nacre_stream *s = e->stream;

    stream_enter(s);
    e->ready = true;
    if (events & (EPOLLERR | EPOLLHUP))
        lose_reader(s);
    else if (s->eofs > 0)
        finish_output(s);
    if (!s->over)
        nacre_channel_resume(s->ch);
    stream_close_when_done(s);
    stream_leave(s);
}

/* The rest of the peer's data is dropped, so that the channel can end. */
void stream_on_close_timer(struct timer *timer)
{
    struct nacre_stream *s = container_of(timer, struct nacre_stream, close_timer);

    stream_enter(s);
    stream_close_end(&s->out);
    nacre_channel_resume(s->ch);
    stream_close_when_done(s);
    stream_leave(s);
}
