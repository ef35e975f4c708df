/* Outgoing messages: built and encrypted in the output buffer. RFC 4253 sections 6 and 7.1. */
#include "transport/send.h"

#include "transport/observe.h"
#include "transport/parts.h"
#include "transport/text.h"

#include <string.h>

enum {
    QUEUED_HEADER = 4,                         /* a queued message follows its length */
    TRAILER = PACKET_OVERHEAD - PACKET_HEADER, /* what sealing may append to a message */
    DISCONNECT_ROOM = 512,                     /* reserved for the very last packet */
    QUEUED_ANSWERS = 64 * 1024, /* bytes of the queue that may hold optional answers */
    CONTROL_ROOM = 1024,        /* bytes: window adjust, exit-status, EOF and CLOSE together */
};

/* RFC 4253 section 7.1: between our KEXINIT and our NEWKEYS only messages of the transport are
 * sent, and of these none for services. While messages are queued, later ones are queued after
 * them. */
static bool must_queue(const struct transport *t, uint8_t number)
{
    bool upper = number >= SSH_MSG_USERAUTH_REQUEST || number == SSH_MSG_SERVICE_REQUEST ||
                 number == SSH_MSG_SERVICE_ACCEPT;

    return upper && (t->queueing || buffer_len(&t->queued) > 0);
}

static void observe(const struct transport *t, struct bytes payload)
{
    const struct nacre_observer *o = t->config->observer;

    if (o != NULL && o->message != NULL)
        o->message(t->context, NACRE_SENT, t->sending.seq, phase_name(t->phase), payload.at,
                   payload.len);
}

static struct writer begin_at(uint8_t *at, size_t header, uint8_t number, size_t room)
{
    struct writer w;

    if (at == NULL)
        return (struct writer){.bad = true};
    w = write_to(at + header, room);
    write_u8(&w, number);
    return w;
}

static struct writer begin(struct transport *t, struct buffer *b, size_t header, size_t trailer,
                           uint8_t number, size_t room)
{
    return begin_at(buffer_make_room(b, t->pool, header + room + trailer), header, number, room);
}

/* The reserve stays beside it. */
static struct writer begin_large(struct transport *t, uint8_t number, size_t room)
{
    size_t need = PACKET_HEADER + room + TRAILER + TRANSPORT_RESERVE;

    return begin_at(buffer_make_huge_room(&t->out, t->pool, need), PACKET_HEADER, number, room);
}

struct writer transport_begin(struct transport *t, uint8_t number, size_t room)
{
    struct writer w = {.bad = true};

    if (transport_ended(t))
        return w;
    if (must_queue(t, number))
        w = begin(t, &t->queued, QUEUED_HEADER, 0, number, room);
    else if (room > TRANSPORT_MESSAGE_MAX)
        w = begin_large(t, number, room);
    else
        w = begin(t, &t->out, PACKET_HEADER, TRAILER + DISCONNECT_ROOM, number, room);
    if (w.bad)
        (void)transport_end(t, NACRE_OUT_OF_RESOURCES, SSH_DISCONNECT_BY_APPLICATION,
                            "output buffer is full");
    return w;
}

static void seal(struct transport *t, const uint8_t *message, size_t len)
{
    const struct random_source *padding =
        t->config->padding != NULL ? t->config->padding : t->config->random;
    uint8_t *packet = t->out.block + t->out.tail;
    size_t size;

    observe(t, (struct bytes){message, len});
    size = packet_seal(&t->sending, padding, packet, len);
    if (size == 0)
        (void)transport_no_memory(t);
    else if (observe_wants_packets(t))
        observe_sent(t, (struct bytes){packet, size});
    buffer_added(&t->out, size);
}

void transport_send(struct transport *t, const struct writer *w)
{
    if (transport_ended(t))
        return;
    if (w->bad) {
        (void)transport_end(t, NACRE_OUT_OF_RESOURCES, SSH_DISCONNECT_BY_APPLICATION,
                            "message too long");
        return;
    }
    if (must_queue(t, w->start[0])) {
        store_u32(t->queued.block + t->queued.tail, (uint32_t)written(w));
        buffer_added(&t->queued, QUEUED_HEADER + written(w));
    } else {
        seal(t, w->start, written(w));
    }
    transport_wake(t);
}

void send_clear_queued(struct transport *t)
{
    if (t->queued.block != NULL)
        wipe(t->queued.block, t->queued.cap);
    buffer_clear(&t->queued, t->pool);
}

void send_queued(struct transport *t)
{
    while (buffer_len(&t->queued) > 0 && !t->queueing && !transport_ended(t)) {
        struct bytes queued = buffer_contents(&t->queued);
        size_t len = load_u32(queued.at);
        uint8_t *at;

        if (buffer_len(&t->out) + PACKET_OVERHEAD + len > BLOCK_LARGE - TRANSPORT_RESERVE)
            return; /* transport_sent calls again */
        at = buffer_make_room(&t->out, t->pool, PACKET_OVERHEAD + len);
        if (at == NULL) {
            (void)transport_no_memory(t);
            return;
        }
        memcpy(at + PACKET_HEADER, queued.at + QUEUED_HEADER, len);
        seal(t, at + PACKET_HEADER, len);
        buffer_consumed(&t->queued, QUEUED_HEADER + len);
    }
    if (buffer_len(&t->queued) == 0)
        send_clear_queued(t);
}

size_t transport_room(const struct transport *t)
{
    const size_t most = BLOCK_LARGE - TRANSPORT_RESERVE - PACKET_OVERHEAD;
    size_t used = buffer_len(&t->out);

    if (transport_ended(t) || t->queueing || buffer_len(&t->queued) > 0)
        return 0;
    return used < most ? most - used : 0;
}

bool transport_request_room(const struct transport *t, size_t len)
{
    size_t room = transport_room(t);

    return len <= TRANSPORT_MESSAGE_MAX ? len <= room : room > 0 && len <= TRANSPORT_REQUEST_MAX;
}

bool transport_reply_room(const struct transport *t, uint8_t number, size_t len)
{
    if (must_queue(t, number)) /* while messages drain, input waits before the queue is full */
        return buffer_len(&t->queued) + QUEUED_HEADER + len <=
               (t->queueing ? QUEUED_ANSWERS : BLOCK_LARGE);
    return buffer_len(&t->out) + PACKET_OVERHEAD + len <=
           buffer_limit(&t->out) - TRANSPORT_KEXINIT_MAX;
}

bool transport_control_room(const struct transport *t)
{
    const size_t most = buffer_limit(&t->out) - TRANSPORT_REPLY_MAX - TRANSPORT_KEXINIT_MAX -
                        CONTROL_ROOM - PACKET_OVERHEAD;

    return !transport_ended(t) && !t->queueing && buffer_len(&t->queued) == 0 &&
           buffer_len(&t->out) <= most;
}

/* RFC 4253 section 11.1:
 *     byte      SSH_MSG_DISCONNECT
 *     uint32    reason code
 *     string    description in ISO-10646 UTF-8 encoding
 *     string    language tag                                                  */
static void send_disconnect(struct transport *t, uint32_t reason, const char *text)
{
    struct writer w = begin(t, &t->out, PACKET_HEADER, TRAILER, SSH_MSG_DISCONNECT,
                            DISCONNECT_ROOM - PACKET_OVERHEAD);

    write_u32(&w, reason);
    write_string(&w, text_clipped(text, DISCONNECT_ROOM - PACKET_OVERHEAD - 1 - 4 - 4 - 4));
    write_text(&w, "");
    if (!w.bad)
        seal(t, w.start, written(&w));
}

int transport_end(struct transport *t, enum nacre_cause cause, uint32_t reason, const char *text)
{
    if (transport_ended(t))
        return (int)reason;
    t->end = (struct nacre_end){cause, reason, text};
    if (cause != NACRE_CONNECTION_LOST && cause != NACRE_DISCONNECTED && cause != NACRE_PEER_CLOSED)
        send_disconnect(t, reason, text);
    transport_wake(t);
    return (int)reason;
}

int transport_fail(struct transport *t, uint32_t reason, const char *text)
{
    return transport_end(t, NACRE_PROTOCOL_ERROR, reason, text);
}

int transport_malformed(struct transport *t, const char *text)
{
    return transport_fail(t, SSH_DISCONNECT_PROTOCOL_ERROR, text);
}

int transport_no_memory(struct transport *t)
{
    return transport_end(t, NACRE_OUT_OF_RESOURCES, SSH_DISCONNECT_BY_APPLICATION, "out of memory");
}

bool transport_ended(const struct transport *t)
{
    return t->end.cause != NACRE_OPEN;
}
