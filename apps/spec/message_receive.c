/* Receiving packets: message.h. */
#include "apps/spec/message.h"

#include "apps/spec/compression.h"
#include "apps/spec/trace.h"
#include "transport/text.h"

#include <stdlib.h>

enum { WIRE_MAX = 300000 /* bytes of a packet that are kept for the trace */ };

bool falter(struct peer *p, const char *what)
{
    if (p->observing)
        observe(p, "%s", what);
    else
        problem(p, "%s", what);
    p->conn.ended = p->garbled = true; /* read nothing more */
    return false;
}

static void note_wait(struct peer *p, uint64_t since)
{
    uint64_t us = now_us() - since;

    p->longest = us > p->longest ? us : p->longest;
}

/* A line that is in the input: its bytes with the line ending. */
static bool take_line(struct peer *p, struct bytes *line)
{
    struct bytes in = conn_received(&p->conn);
    const uint8_t *end = in.len == 0 ? NULL : memchr(in.at, '\n', in.len);

    if (end == NULL)
        return false;
    *line = peer_copy(p, (struct bytes){in.at, (size_t)(end - in.at) + 1});
    conn_consume(&p->conn, line->len);
    return true;
}

static void keep_ident(struct peer *p, struct bytes line)
{
    enum nacre_role from = p->setting->tested;
    size_t len = line.len - 1;

    watch_identification(p, line);
    len -= len > 0 && line.at[len - 1] == '\r';
    len = len < IDENT_MAX - 1 ? len : IDENT_MAX - 1;
    memcpy(p->ident[from], line.at, len);
    p->ident[from][len] = 0;
    p->ident_len[from] = len;
    p->ident_came = true;
}

bool receive_ident(struct peer *p)
{
    uint64_t deadline = step_deadline(p), began = now_us();
    struct bytes line;

    while (!p->ident_came && p->skip == NULL && p->problem[0] == 0) {
        if (take_line(p, &line)) {
            trace_identification(p, false, line);
            if (line.len >= 4 && memcmp(line.at, "SSH-", 4) == 0)
                keep_ident(p, line);
            else
                watch_line_before(p, line);
        } else if (!conn_wait(&p->conn, deadline)) {
            return false;
        }
    }
    note_wait(p, began);
    return p->ident_came;
}

/* RFC 4253 section 11.1:
 *     byte      SSH_MSG_DISCONNECT
 *     uint32    reason code
 *     string    description
 *     string    language tag                                                  */
static void on_disconnect(struct peer *p)
{
    struct reader r = read_from(p->got);
    struct outcome *o = current_part(p);

    (void)read_u8(&r);
    o->reason = read_u32(&r);
    (void)clean_text(o->said, sizeof o->said, read_string(&r));
    p->disconnected = true;
}

/* Something that is no packet: often a text before the connection ends, as in sshd after an
 * identification that it refuses. */
static bool on_garbled(struct peer *p, uint64_t deadline)
{
    p->garbled = true;
    watch_garbled(p);
    while (conn_wait(&p->conn, deadline))
        continue;
    if (p->receiving.state != NULL || !p->conn.ended)
        observe(p, "a packet that cannot be decrypted");
    return false;
}

/* The payload of a message that came: a copy that lives as long as the peer. One of channel data,
 * of which much is to come, lives only until the next one. */
static struct bytes keep_payload(struct peer *p, struct bytes payload)
{
    if (!p->bulk || payload.len == 0 || payload.at[0] != SSH_MSG_CHANNEL_DATA)
        return peer_copy(p, payload);
    if (payload.len > p->bulk_room.len)
        p->bulk_room = (struct bytes){peer_memory(p, payload.len), payload.len};
    memcpy((uint8_t *)(uintptr_t)p->bulk_room.at, payload.at, payload.len);
    return (struct bytes){p->bulk_room.at, payload.len};
}

/* Packets are decrypted in place, their beginning as soon as it has come: keep what is new of the
 * next one. */
static void save_wire(struct peer *p, struct bytes in)
{
    size_t len = in.len < WIRE_MAX ? in.len : WIRE_MAX;

    if (!p->setting->tracing || p->bulk || len <= p->wire_len)
        return;
    if (p->wire == NULL)
        p->wire = malloc(WIRE_MAX);
    if (p->wire == NULL)
        return;
    memcpy(p->wire + p->wire_len, in.at + p->wire_len, len - p->wire_len);
    p->wire_len = len;
}

/* A packet that could be read. */
static bool take_packet(struct peer *p, const struct packet_seen *seen)
{
    struct bytes payload = seen->payload;

    if (!compression_unpack(p, &payload))
        return falter(p, "a packet that cannot be decompressed by itself");
    p->got = keep_payload(p, payload);
    p->got_number = seen->number;
    watch_packet(p, seen);
    conn_consume(&p->conn, seen->size);
    trace_message(p, false, seen->number, p->got,
                  (struct bytes){p->wire, seen->size <= p->wire_len ? seen->size : 0});
    p->wire_len = 0;
    if (p->got.at[0] == SSH_MSG_DISCONNECT)
        on_disconnect(p);
    if (p->got.at[0] == SSH_MSG_USERAUTH_SUCCESS)
        compression_logged_in(p);
    return true;
}

bool receive(struct peer *p)
{
    uint64_t deadline = step_deadline(p), began = now_us();
    struct packet_seen seen = {0};
    enum packet_read status = PACKET_READ_MORE;

    if (p->garbled || p->skip != NULL || p->problem[0] != 0 || !receive_ident(p))
        return false;
    while (status == PACKET_READ_MORE) {
        struct bytes in = conn_received(&p->conn);

        save_wire(p, in);
        status = packet_read_one(&p->receiving, p->conn.in + p->conn.head, in.len, &seen);
        if (status == PACKET_READ_MORE && !conn_wait(&p->conn, deadline)) {
            p->timed_out = p->timed_out || !p->conn.ended;
            return false;
        }
    }
    if (status == PACKET_READ_BAD)
        return on_garbled(p, deadline);
    note_wait(p, began);
    return take_packet(p, &seen);
}
