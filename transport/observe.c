#include "transport/observe.h"

#include <string.h>

enum { HEAD = 16 /* bytes: the longest block of a cipher */ };

bool observe_begin(struct transport *t)
{
    t->wire_head = observe_wants_packets(t) ? pool_allocate(t->pool, HEAD) : NULL;
    return t->wire_head != NULL || !observe_wants_packets(t);
}

void observe_end(struct transport *t)
{
    pool_release(t->pool, t->wire_head, HEAD);
    t->wire_head = NULL;
}

void observe_sent(const struct transport *t, struct bytes packet)
{
    t->config->observer->packet(t->context, NACRE_SENT, packet.at, packet.len);
}

void observe_line(struct transport *t, size_t size)
{
    t->config->observer->packet(t->context, NACRE_RECEIVED, t->in.block + t->in.head, size);
}

/* Bytes that packet_measure decrypts at most, once that many are there. */
static size_t head_len(const struct transport *t, size_t available)
{
    size_t head = packet_head_size(&t->receiving);

    return available < head ? available : head;
}

static void swap_head(struct transport *t, uint8_t *packet, size_t len)
{
    uint8_t *head = t->wire_head;

    for (size_t i = 0; i < len; i++) {
        uint8_t byte = packet[i];

        packet[i] = head[i];
        head[i] = byte;
    }
}

/* The first block may be decrypted already: the observer sees it as it was received. */
static void show(struct transport *t, size_t size)
{
    uint8_t *packet = t->in.block + t->in.head;
    size_t head = head_len(t, size);

    swap_head(t, packet, head);
    t->config->observer->packet(t->context, NACRE_RECEIVED, packet, size);
    swap_head(t, packet, head);
}

enum packet_status observe_open(struct transport *t, struct bytes *payload, size_t *size)
{
    struct bytes in = buffer_contents(&t->in);
    enum packet_status status;

    if (t->receiving.length == 0)
        memcpy(t->wire_head, in.at, head_len(t, in.len));
    status = packet_measure(&t->receiving, &t->in, size);
    if (status == PACKET_PARTIAL)
        return status;
    show(t, status == PACKET_READY ? *size : in.len);
    return packet_open(&t->receiving, &t->in, payload, size);
}
