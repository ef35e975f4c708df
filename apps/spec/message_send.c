/* Sending messages: message.h. */
#include "apps/spec/message.h"

#include "apps/spec/compression.h"
#include "apps/spec/trace.h"

#include <stdarg.h>

/* What a case sends by itself is its own step: replies to it are outcomes. */
static void case_step(struct peer *p)
{
    if (p->conforming)
        return;
    if (!p->observing)
        p->first_step = p->sending.number;
    p->last_step = p->sending.number;
    p->observing = true;
}

static void put_raw(struct peer *p, struct bytes bytes)
{
    if (!over(p))
        conn_send(&p->conn, bytes, step_deadline(p));
}

void send_raw(struct peer *p, struct bytes bytes)
{
    p->observing = p->observing || !p->conforming;
    put_raw(p, bytes);
}

static void put_field(struct writer *w, char letter, va_list *arguments)
{
    switch (letter) {
    case 'b':
        write_u8(w, (uint8_t)va_arg(*arguments, int));
        break;
    case 'u':
        write_u32(w, va_arg(*arguments, uint32_t));
        break;
    case 'q':
        write_u64(w, va_arg(*arguments, uint64_t));
        break;
    case 't':
        write_text(w, va_arg(*arguments, const char *));
        break;
    case 's':
        write_string(w, va_arg(*arguments, struct bytes));
        break;
    case 'm':
        write_mpint(w, va_arg(*arguments, struct bytes));
        break;
    default:
        write_bytes(w, va_arg(*arguments, struct bytes));
        break;
    }
}

static struct bytes build(struct peer *p, const char *fields, va_list *arguments)
{
    struct writer w = write_to(p->scratch, SCRATCH_ROOM);

    for (const char *at = fields; *at != 0; at++)
        put_field(&w, *at, arguments);
    if (w.bad)
        problem(p, "a message of the case does not fit");
    return peer_copy(p, w.bad ? (struct bytes){NULL, 0} : written_bytes(&w));
}

struct bytes message(struct peer *p, const char *fields, ...)
{
    struct bytes payload;
    va_list arguments;

    va_start(arguments, fields);
    payload = build(p, fields, &arguments);
    va_end(arguments);
    return payload;
}

/* `shown` is the payload before it was compressed. */
static struct bytes seal(struct peer *p, struct bytes shown, struct bytes payload, uint8_t padding)
{
    uint8_t *packet = peer_memory(p, PACKET_START + payload.len + PACKET_ROOM);
    uint8_t filler[255];
    uint32_t number;
    size_t len;

    if (payload.len > 0)
        memcpy(packet + PACKET_START, payload.at, payload.len);
    random_fill(&p->random, filler, sizeof filler);
    case_step(p);
    number = p->sending.number;
    len = packet_write(&p->sending, packet, payload.len, padding, filler);
    trace_message(p, true, number, shown, (struct bytes){packet, len});
    return (struct bytes){packet, len};
}

struct bytes sealed_padded(struct peer *p, struct bytes payload, uint8_t padding)
{
    return seal(p, payload, payload, padding);
}

struct bytes sealed(struct peer *p, struct bytes payload)
{
    struct bytes packed = compression_pack(p, payload);

    return seal(p, payload, packed,
                p->padding == PADDING_LONG ? packet_padding_most(&p->sending, packed.len)
                                           : packet_padding_least(&p->sending, packed.len));
}

void send_payload(struct peer *p, struct bytes payload)
{
    if (!over(p))
        put_raw(p, sealed(p, payload));
}

void send_padded(struct peer *p, struct bytes payload, uint8_t padding)
{
    if (!over(p))
        put_raw(p, sealed_padded(p, payload, padding));
}

void transmit(struct peer *p, const char *fields, ...)
{
    va_list arguments;

    va_start(arguments, fields);
    if (!over(p))
        send_payload(p, build(p, fields, &arguments));
    va_end(arguments);
}

struct bytes flipped(struct peer *p, struct bytes bytes, ptrdiff_t at)
{
    uint8_t *copy = peer_memory(p, bytes.len + 1);

    memcpy(copy, bytes.at, bytes.len);
    if (bytes.len > 0)
        copy[at < 0 ? (size_t)((ptrdiff_t)bytes.len + at) : (size_t)at] ^= 1;
    return (struct bytes){copy, bytes.len};
}

struct bytes sample(struct peer *p, size_t n)
{
    const uint8_t seed[32] = {'s', 'a', 'm', 'p', 'l', 'e', (uint8_t)n, (uint8_t)(n >> 8)};
    struct random_seeded state;
    struct random_source source = random_from_seed(&state, seed);
    uint8_t *out = peer_memory(p, n + 1);

    random_fill(&source, out, n);
    return (struct bytes){out, n};
}

struct bytes filled(struct peer *p, uint8_t byte, size_t n)
{
    uint8_t *out = peer_memory(p, n + 1);

    memset(out, byte, n);
    return (struct bytes){out, n};
}
