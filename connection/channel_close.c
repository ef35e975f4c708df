/* EOF, CLOSE and the end of a channel. RFC 4254 section 5.3. */
#include "connection/connection.h"

static void send_bare(struct nacre_channel *ch, uint8_t number)
{
    struct transport *t = ch->connection->transport;
    struct writer w = transport_begin(t, number, 1 + 4);

    write_u32(&w, ch->peer_id);
    transport_send(t, &w);
}

/* In steps that are large beside a message, and small beside a wide window: the rest of it must
 * last until the peer hears of this one. */
static bool adjust_is_due(const struct nacre_channel *ch)
{
    uint32_t half = ch->window_target / 2;

    return ch->credit >= (half < WINDOW_STEP ? half : WINDOW_STEP) && !ch->got_eof &&
           !ch->got_close;
}

/* After our CLOSE nothing more is sent. After the peer's, only our CLOSE matters: it goes back at
 * once, also while the application has not taken everything yet. */
void channel_flush(struct nacre_channel *ch)
{
    struct connection *c = ch->connection;

    if (!ch->is_open || ch->sent_close)
        return;
    if (!connection_has_room(c)) {
        c->stalled = true;
        return;
    }
    if (adjust_is_due(ch) && !ch->want_close)
        channel_send_window_adjust(ch);
    if (ch->want_exit && !ch->sent_exit && !ch->got_close)
        channel_send_exit(ch);
    if (ch->want_eof && !ch->sent_eof && !ch->got_close) {
        ch->sent_eof = true;
        send_bare(ch, SSH_MSG_CHANNEL_EOF);
    }
    if (ch->want_close || ch->got_close) {
        channel_refuse_pending(ch);
        if (ch->reply_count > 0)
            return; /* the answers go first, when there is room */
        ch->sent_close = true;
        send_bare(ch, SSH_MSG_CHANNEL_CLOSE);
    }
}

/* A callback that runs outside of a call of the owner's may end the session: that end, and so the
 * channel's, waits until the owner looks. */
void channel_enter(struct nacre_channel *ch)
{
    if (ch->depth++ == 0)
        transport_enter(ch->connection->transport);
}

void channel_leave(struct nacre_channel *ch)
{
    struct transport *t = ch->connection->transport;

    if (--ch->depth > 0)
        return;
    channel_flush(ch);
    if (ch->sent_close && ch->told_close) {
        struct nacre_end why = {ch->closed_first ? NACRE_WE_CLOSED : NACRE_PEER_CLOSED, 0, ""};

        channel_finish(ch, &why);
    }
    transport_wake(t);
    transport_leave(t);
}

void channel_finish(struct nacre_channel *ch, const struct nacre_end *why)
{
    ch->depth++; /* calls made in there must not end it again */
    ch->is_open = ch->opening = false;
    if (ch->app->closed != NULL)
        ch->app->closed(ch, why);
    channel_free(ch);
}

static struct nacre_channel *find_open(struct connection *c, uint32_t id)
{
    struct nacre_channel *ch = connection_find(c, id);

    return ch != NULL && ch->is_open && !ch->got_close ? ch : NULL;
}

/* RFC 4254 section 5.3: byte SSH_MSG_CHANNEL_EOF, uint32 recipient channel */
int on_channel_eof(struct connection *c, struct reader *r)
{
    struct nacre_channel *ch = find_open(c, read_u32(r));

    if (!read_done(r))
        return connection_malformed(c, "malformed CHANNEL_EOF");
    if (ch == NULL || ch->got_eof)
        return connection_misuse(c, "EOF for a channel that is not open for it");
    ch->got_eof = true;
    channel_enter(ch);
    channel_deliver(ch);
    channel_leave(ch);
    return 0;
}

/* RFC 4254 section 5.3: byte SSH_MSG_CHANNEL_CLOSE, uint32 recipient channel. Ours follows, unless
 * it was sent before; what is kept is delivered first. */
int on_channel_close(struct connection *c, struct reader *r)
{
    struct nacre_channel *ch = find_open(c, read_u32(r));

    if (!read_done(r))
        return connection_malformed(c, "malformed CHANNEL_CLOSE");
    if (ch == NULL)
        return connection_misuse(c, "CLOSE for a channel that is not open");
    ch->got_close = true;
    channel_enter(ch);
    channel_deliver(ch);
    channel_leave(ch);
    return 0;
}

void nacre_channel_eof(struct nacre_channel *ch)
{
    channel_enter(ch);
    ch->want_eof = true;
    channel_leave(ch);
}

bool nacre_channel_peer_closed(const struct nacre_channel *ch)
{
    return ch->got_close;
}

void nacre_channel_close(struct nacre_channel *ch)
{
    channel_enter(ch);
    if (!ch->got_close && !ch->want_close)
        ch->closed_first = true;
    ch->want_eof = true;
    ch->want_close = true;
    if (ch->got_close && ch->depth == 1)
        channel_deliver(ch); /* what is kept is dropped now */
    channel_leave(ch);
}
