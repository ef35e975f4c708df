#include "connection/channel_close.h"

#include "connection/channel_buffer.h"
#include "connection/channel_data.h"
#include "connection/channel_request.h"
#include "connection/table.h"

/* RFC 4254 section 5.3:
 *     byte      SSH_MSG_CHANNEL_EOF or SSH_MSG_CHANNEL_CLOSE
 *     uint32    recipient channel                                             */
static void send_bare(struct nacre_channel *ch, uint8_t number)
{
    struct transport *t = ch->connection->transport;
    struct writer w = transport_begin(t, number, 1 + 4);

    write_u32(&w, ch->peer_id);
    transport_send(t, &w);
}

void channel_close_send_eof(struct nacre_channel *ch)
{
    ch->sent_eof = true;
    send_bare(ch, SSH_MSG_CHANNEL_EOF);
}

void channel_close_send_close(struct nacre_channel *ch)
{
    ch->sent_close = true;
    send_bare(ch, SSH_MSG_CHANNEL_CLOSE);
}

bool channel_close_is_complete(const struct nacre_channel *ch)
{
    return ch->refused || (ch->sent_close && ch->told_close);
}

struct nacre_end channel_close_reason(const struct nacre_channel *ch)
{
    if (ch->refused)
        return (struct nacre_end){NACRE_OPEN_REFUSED, ch->refusal_reason, "refused by this side"};
    return (struct nacre_end){.cause = ch->closed_first ? NACRE_WE_CLOSED : NACRE_PEER_CLOSED,
                              .text = ""};
}

void channel_close_finish(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct connection *c = ch->connection;
    bool known = c->unknown == NULL || *c->unknown != ch;

    ch->busy = true;
    ch->is_open = ch->opening = false;
    c->moved = true;
    if (ch->app->closed != NULL && known)
        ch->app->closed(ch, why);
    table_remove(ch);
}

/* RFC 4254 section 5.3:
 *     byte      SSH_MSG_CHANNEL_EOF
 *     uint32    recipient channel                                             */
int on_channel_eof(struct nacre_channel *ch, struct reader *r)
{
    if (!read_done(r))
        return transport_malformed(ch->connection->transport, "CHANNEL_EOF is malformed");
    if (!ch->is_open || ch->got_eof || ch->got_close)
        return misuse(ch->connection, "CHANNEL_EOF on a channel that cannot receive it");
    ch->got_eof = true;
    channel_data_deliver(ch);
    return 0;
}

/* RFC 4254 section 5.3:
 *     byte      SSH_MSG_CHANNEL_CLOSE
 *     uint32    recipient channel
 * Data is delivered first; then ours follows, unless it was sent before. OpenSSH does the same. */
int on_channel_close(struct nacre_channel *ch, struct reader *r)
{
    if (!read_done(r))
        return transport_malformed(ch->connection->transport, "CHANNEL_CLOSE is malformed");
    if (!ch->is_open || ch->got_close)
        return misuse(ch->connection, "CHANNEL_CLOSE on a channel that is not open");
    ch->got_close = true;
    channel_request_refuse_pending(ch);
    channel_buffer_empty(ch);
    channel_data_deliver(ch);
    return 0;
}
