/* What an application may call on a channel. Each call that changes something is between
 * transport_enter and transport_leave: callbacks that it brings about are called last. */
#include "connection/channel.h"

#include "connection/channel_app.h"
#include "connection/channel_buffer.h"
#include "connection/channel_data.h"
#include "connection/channel_open.h"
#include "connection/channel_request.h"
#include "connection/channel_turn.h"
#include "connection/channel_wrap.h"
#include "connection/channel_write.h"

#include <string.h>

static size_t write_stream(struct nacre_channel *ch, enum stream stream, const void *data,
                           size_t len)
{
    struct transport *t = ch->connection->transport;
    size_t n;

    transport_enter(t);
    n = channel_write(ch, stream, (struct bytes){data, len});
    transport_leave(t);
    return n;
}

size_t nacre_channel_write(struct nacre_channel *ch, const void *data, size_t len)
{
    return write_stream(ch, STREAM_DATA, data, len);
}

size_t nacre_channel_write_extended(struct nacre_channel *ch, const void *data, size_t len)
{
    return write_stream(ch, STREAM_EXTENDED, data, len);
}

static enum nacre_sending write_all(struct nacre_channel *ch, enum stream stream, const void *data,
                                    size_t len)
{
    struct transport *t = ch->connection->transport;
    enum nacre_sending sending;

    transport_enter(t);
    sending = channel_write_all(ch, stream, (struct bytes){data, len});
    transport_leave(t);
    return sending;
}

enum nacre_sending nacre_channel_write_all(struct nacre_channel *ch, const void *data, size_t len)
{
    return write_all(ch, STREAM_DATA, data, len);
}

enum nacre_sending nacre_channel_write_all_extended(struct nacre_channel *ch, const void *data,
                                                    size_t len)
{
    return write_all(ch, STREAM_EXTENDED, data, len);
}

bool nacre_channel_set_buffer(struct nacre_channel *ch, size_t bytes)
{
    return channel_buffer_set(ch, bytes);
}

size_t nacre_channel_buffered(const struct nacre_channel *ch)
{
    return channel_buffer_len(ch);
}

size_t nacre_channel_space(const struct nacre_channel *ch)
{
    return channel_data_space(ch);
}

void nacre_channel_await_space(struct nacre_channel *ch)
{
    struct transport *t = ch->connection->transport;

    transport_enter(t);
    channel_data_await_space(ch);
    transport_leave(t);
}

/* From inside a callback: the owner's next call gives the turn. */
static void turn_later(struct connection *c)
{
    c->stalled = c->resumed = true;
    transport_wake(c->transport);
}

void nacre_channel_resume(struct nacre_channel *ch)
{
    struct connection *c = ch->connection;
    struct transport *t = c->transport;
    bool outermost = transport_enter(t);

    if (outermost)
        channel_offer(ch);
    else if (!ch->busy)
        turn_later(c);
    transport_leave(t);
}

void nacre_channel_eof(struct nacre_channel *ch)
{
    struct transport *t = ch->connection->transport;

    transport_enter(t);
    ch->want_eof = true;
    channel_flush(ch);
    transport_leave(t);
}

/* Unaccepted data is dropped now; this calls no callback. */
void nacre_channel_close(struct nacre_channel *ch)
{
    struct transport *t = ch->connection->transport;

    transport_enter(t);
    if (!ch->got_close && !ch->want_close)
        ch->closed_first = true;
    ch->want_eof = ch->want_close = true;
    if (ch->got_close && !ch->busy)
        channel_data_deliver(ch);
    channel_flush(ch);
    transport_leave(t);
}

bool nacre_channel_peer_closed(const struct nacre_channel *ch)
{
    return ch->got_close;
}

enum nacre_sending nacre_channel_request(struct nacre_channel *ch, const char *type,
                                         bool want_reply, const void *data, size_t len)
{
    struct transport *t = ch->connection->transport;
    enum nacre_sending sending;
    struct writer w;

    transport_enter(t);
    sending = channel_request_begin(ch, type, want_reply, len, &w);
    if (sending == NACRE_SEND_DONE) {
        write_bytes(&w, (struct bytes){data, len});
        channel_request_end(ch, want_reply, &w);
    }
    transport_leave(t);
    return sending;
}

enum nacre_sending nacre_channel_eow(struct nacre_channel *ch)
{
    static const char openssh[] = "SSH-2.0-OpenSSH_";
    const char *version = transport_peer_version(ch->connection->transport);

    if (strcmp(ch->type, "session") != 0 || strncmp(version, openssh, strlen(openssh)) != 0)
        return NACRE_SEND_NEVER;
    return nacre_channel_request(ch, "eow@openssh.com", false, NULL, 0);
}

static void want_exit(struct nacre_channel *ch, uint32_t status, const char *signal,
                      bool core_dumped)
{
    struct transport *t = ch->connection->transport;

    if (ch->want_exit || ch->want_close)
        return;
    transport_enter(t);
    ch->want_exit = true;
    ch->exit_status = status;
    ch->exit_signal = signal;
    ch->core_dumped = core_dumped;
    channel_flush(ch);
    transport_leave(t);
}

void nacre_channel_exit_status(struct nacre_channel *ch, uint32_t status)
{
    want_exit(ch, status, NULL, false);
}

void nacre_channel_exit_signal(struct nacre_channel *ch, const char *name, bool core_dumped)
{
    want_exit(ch, 0, strlen(name) <= CHANNEL_TYPE_MAX ? name : "TERM", core_dumped);
}

void nacre_channel_answer_request(struct nacre_channel *ch, bool granted)
{
    struct transport *t = ch->connection->transport;

    transport_enter(t);
    channel_request_answer(ch, granted);
    channel_flush(ch);
    transport_leave(t);
}

void nacre_channel_answer_open(struct nacre_channel *ch, bool granted)
{
    struct connection *c = ch->connection;
    struct transport *t = c->transport;
    bool outermost = transport_enter(t);

    if (channel_open_answer(ch, granted)) { /* what the application did meanwhile takes effect */
        if (outermost)
            channel_turn(ch);
        else
            turn_later(c);
        c->moved = true;
    }
    transport_leave(t);
}

void nacre_channel_refuse_open(struct nacre_channel *ch, enum nacre_open_reason reason,
                               const char *text)
{
    channel_open_explain(ch, reason, text);
    nacre_channel_answer_open(ch, false);
}

void nacre_channel_set_app(struct nacre_channel *ch, const struct nacre_channel_app *app)
{
    channel_wrap_end(ch);
    channel_set_app(ch, app);
}

const struct nacre_channel_app *nacre_channel_get_app(const struct nacre_channel *ch)
{
    return channel_given_app(ch);
}

void nacre_channel_set_app_data(struct nacre_channel *ch, void *data)
{
    ch->data = data;
}

void *nacre_channel_app_data(const struct nacre_channel *ch)
{
    return ch->data;
}

uint32_t nacre_channel_id(const struct nacre_channel *ch)
{
    return ch->id;
}

const char *nacre_channel_type(const struct nacre_channel *ch)
{
    return ch->type;
}

const uint8_t *nacre_channel_open_data(const struct nacre_channel *ch, size_t *len)
{
    *len = ch->open_data_len;
    return ch->open_data;
}

void *nacre_channel_context(const struct nacre_channel *ch)
{
    return ch->connection->context;
}
