#include "apps/observe/trace.h"

#include "apps/observe/output.h"
#include "apps/observe/pen.h"
#include "transport/message.h"

#include <stdlib.h>
#include <time.h>

enum {
    PACKET_SIZE = 4096, /* bytes of a packet that are shown, unless all data is */
    PACKET_HEADER = 5,  /* packet_length and padding_length */
};

/* One connection. */
struct traced {
    uint64_t id;
    enum nacre_role role;
    struct message_context context;
    struct key_exchange exchange;
    bool identified[2], encrypted[2]; /* by direction */
    uint8_t *packet;                  /* the last one received: its first bytes */
    size_t packet_len, packet_size;   /* packet_size: of all of it */
    size_t packet_room;
};

static struct {
    struct trace_style style;
    struct timespec begin;
    bool is_open;
} trace;

static uint64_t now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)(now.tv_sec - trace.begin.tv_sec) * 1000000 + (uint64_t)(now.tv_nsec / 1000) -
           (uint64_t)(trace.begin.tv_nsec / 1000);
}

static enum nacre_role sender(const struct traced *t, enum nacre_direction direction)
{
    if (direction == NACRE_SENT)
        return t->role;
    return t->role == NACRE_CLIENT ? NACRE_SERVER : NACRE_CLIENT;
}

/* ---- lines ---- */

static void put_simple(const struct traced *t, const char *event, const char *name,
                       struct bytes value)
{
    struct pen *pen = pen_take();
    struct event e;

    if (pen == NULL)
        return;
    e = event_begin(&pen->line, &trace.style, now_us(), t->id, event);
    event_text(&e, name, value);
    event_end(&e);
    pen_put(pen, t->id, false);
}

/* ---- connections ---- */

static void *on_open(const struct observed *connection)
{
    struct traced *t = calloc(1, sizeof *t);
    struct pen *pen = pen_take();
    struct event e;

    if (t == NULL || pen == NULL) {
        free(t);
        return NULL;
    }
    t->id = connection->id;
    t->role = connection->role;
    e = event_begin(&pen->line, &trace.style, now_us(), t->id, "open");
    event_text(&e, "role", bytes_of(t->role == NACRE_SERVER ? "server" : "client"));
    event_text(&e, "local", bytes_of(connection->local));
    event_text(&e, "peer", bytes_of(connection->peer));
    event_end(&e);
    pen_put(pen, t->id, false);
    return t;
}

static void on_closed(void *state, const struct nacre_end *why)
{
    struct traced *t = state;
    struct pen *pen = pen_take();
    struct event e;

    if (pen != NULL) {
        e = event_begin(&pen->line, &trace.style, now_us(), t->id, "close");
        event_text(&e, "why", bytes_of(nacre_cause_text(why->cause)));
        if (why->text != NULL && why->text[0] != 0)
            event_text(&e, "text", bytes_of(why->text));
        event_end(&e);
        pen_put(pen, t->id, false);
    }
    key_exchange_clear(&t->exchange);
    free(t->packet);
    free(t);
}

/* ---- the key exchange ---- */

/* Print the exchange hash once the messages that it covers have been printed. */
static void put_hash(struct traced *t)
{
    struct pen *pen;

    if (!key_exchange_is_complete(&t->exchange) || (pen = pen_take()) == NULL)
        return;
    event_put_hash(&pen->line, &trace.style, now_us(), t->id, &t->exchange, t->context.kex);
    pen_put(pen, t->id, false);
    key_exchange_done(&t->exchange);
}

/* What is chosen is known with the second KEXINIT: it shows that of its own lists. */
static const struct print_choice *choose(const struct traced *t,
                                         struct print_choice chosen[KEXINIT_LISTS])
{
    struct bytes lists[2][KEXINIT_LISTS];

    if (t->exchange.kexinit[NACRE_CLIENT].len == 0 || t->exchange.kexinit[NACRE_SERVER].len == 0)
        return NULL;
    choice_read(t->exchange.kexinit[NACRE_CLIENT], lists[NACRE_CLIENT]);
    choice_read(t->exchange.kexinit[NACRE_SERVER], lists[NACRE_SERVER]);
    choice_make(lists[NACRE_CLIENT], lists[NACRE_SERVER], chosen);
    return chosen;
}

static void on_negotiated(void *state, const struct nacre_negotiated *choice)
{
    struct traced *t = state;
    struct pen *pen = pen_take();

    t->context.kex = context_kex_find(choice->kex);
    if (pen == NULL)
        return;
    event_put_negotiated(&pen->line, &trace.style, now_us(), t->id, choice, &t->exchange);
    pen_put(pen, t->id, false);
}

static void on_mismatch(void *state, const char *kind, const char *client, size_t client_len,
                        const char *server, size_t server_len)
{
    struct traced *t = state;
    struct pen *pen = pen_take();
    struct event e;

    if (pen == NULL)
        return;
    e = event_begin(&pen->line, &trace.style, now_us(), t->id, "mismatch");
    event_text(&e, "kind", bytes_of(kind));
    event_text(&e, "client", (struct bytes){(const uint8_t *)client, client_len});
    event_text(&e, "server", (struct bytes){(const uint8_t *)server, server_len});
    event_end(&e);
    pen_put(pen, t->id, false);
}

static void put_secret(const struct traced *t, char label, struct bytes value)
{
    struct pen *pen = pen_take();
    struct event e;

    if (pen == NULL)
        return;
    e = event_begin(&pen->line, &trace.style, now_us(), t->id, "secret");
    event_text(&e, "label", (struct bytes){(const uint8_t *)&label, 1});
    event_hex(&e, "hex", value);
    event_end(&e);
    pen_put(pen, t->id, false);
    explicit_bzero(pen->buffer, 2 * value.len + 128);
}

static void on_secret(void *state, char label, const uint8_t *bytes, size_t len)
{
    struct traced *t = state;
    struct bytes value = {bytes, len};

    if (label == 'K')
        key_exchange_secret(&t->exchange, value, trace.style.show.secrets);
    if (label == 'H') {
        key_exchange_hash(&t->exchange, value);
        if (t->role == NACRE_CLIENT)
            put_hash(t);
    } else if (trace.style.show.secrets) {
        put_secret(t, label, value);
    }
}

/* ---- messages ---- */

static void note(struct traced *t, enum nacre_direction direction, struct bytes payload)
{
    uint8_t number = payload.at[0];

    if (number >= SSH_MSG_KEX_METHOD_FIRST && number <= SSH_MSG_KEX_METHOD_LAST)
        key_exchange_message(&t->exchange, &t->context, payload);
    else if (number == SSH_MSG_NEWKEYS)
        t->encrypted[direction] = true;
    else
        context_note(&t->context, direction, payload);
}

static void on_message(void *state, enum nacre_direction direction, uint32_t seq, const char *phase,
                       const uint8_t *payload, size_t len)
{
    struct traced *t = state;
    struct print_choice chosen[KEXINIT_LISTS];
    struct print_message m = {.us = now_us(),
                              .conn = t->id,
                              .direction = direction,
                              .seq = seq,
                              .phase = phase,
                              .payload = {payload, len},
                              .context = &t->context};
    struct print_summary s = {0};
    struct pen *pen = pen_take();

    if (pen == NULL)
        return;
    if (payload[0] == SSH_MSG_KEXINIT) {
        key_exchange_kexinit(&t->exchange, sender(t, direction), m.payload);
        m.chosen = choose(t, chosen);
    }
    if (trace.style.json)
        print_json(&pen->line, &m, &trace.style.show, &s);
    else
        print_text(&pen->line, &m, &trace.style.show, &s);
    pen->shown = s.cut > 0 ? PACKET_HEADER + len - s.cut : SIZE_MAX;
    if (s.has_secrets && !t->encrypted[direction] && !trace.style.show.secrets)
        pen->shown = 0;
    note(t, direction, m.payload);
    if (direction == NACRE_SENT) {
        pen_wait(pen, t, t->id);
        return;
    }
    pen_end_message(pen, t->id, (struct bytes){t->packet, t->packet_len}, t->packet_size);
    put_hash(t);
}

/* ---- packets ---- */

/* Lines before the identification are shown too: RFC 4253 section 4.2 lets a server send some. */
static void put_identification(struct traced *t, enum nacre_direction direction, struct bytes line)
{
    struct pen *pen = pen_take();
    size_t len = line.len;
    struct event e;

    while (len > 0 && (line.at[len - 1] == '\n' || line.at[len - 1] == '\r'))
        len--;
    if (line.len >= 4 && memcmp(line.at, "SSH-", 4) == 0) {
        t->identified[direction] = true;
        key_exchange_version(&t->exchange, sender(t, direction), line);
    }
    if (pen == NULL)
        return;
    e = event_begin(&pen->line, &trace.style, now_us(), t->id,
                    t->identified[direction] ? "identification" : "line");
    event_text(&e, "dir", bytes_of(direction == NACRE_SENT ? "out" : "in"));
    event_text(&e, "text", (struct bytes){line.at, len});
    event_hex(&e, "bytes", line);
    event_end(&e);
    pen_put(pen, t->id, false);
}

/* Its message follows. */
static void keep_packet(struct traced *t, const uint8_t *bytes, size_t len)
{
    size_t kept = len <= PACKET_SIZE || trace.style.show.data ? len : PACKET_SIZE;

    t->packet_len = 0;
    t->packet_size = len;
    if (kept > t->packet_room) {
        free(t->packet);
        t->packet_room = kept > PACKET_SIZE ? kept : PACKET_SIZE;
        t->packet = malloc(t->packet_room);
        if (t->packet == NULL) {
            t->packet_room = 0;
            return;
        }
    }
    memcpy(t->packet, bytes, kept);
    t->packet_len = kept;
}

static void on_packet(void *state, enum nacre_direction direction, const uint8_t *bytes, size_t len)
{
    struct traced *t = state;

    if (!t->identified[direction]) {
        put_identification(t, direction, (struct bytes){bytes, len});
    } else if (direction == NACRE_RECEIVED) {
        keep_packet(t, bytes, len);
    } else {
        pen_packet(t, (struct bytes){bytes, len});
        put_hash(t);
    }
}

static void on_phase(void *state, const char *phase)
{
    put_simple(state, "phase", "phase", bytes_of(phase));
}

static void on_limited(void *state, enum nacre_limit limit)
{
    put_simple(state, "limited", "limit", bytes_of(nacre_limit_name(limit)));
}

const struct observed_part trace_part = {
    .open = on_open,
    .sees =
        {
            .message = on_message,
            .negotiated = on_negotiated,
            .mismatch = on_mismatch,
            .limited = on_limited,
            .phase = on_phase,
            .secret = on_secret,
            .packet = on_packet,
        },
    .closed = on_closed,
};

/* ---- the trace ---- */

static size_t put_gap(const struct output_gap *gap, char *out)
{
    struct line l = line_in(out, OUTPUT_GAP_MAX);
    struct event e = event_begin(&l, &trace.style, now_us(), gap->conn, "gap");

    event_number(&e, "messages", gap->messages);
    event_number(&e, "others", gap->others);
    event_end(&e);
    return l.len;
}

bool trace_open(const struct trace_config *config, const struct errbuf *p)
{
    const struct output_config output = {
        .file = config->file, .gap = put_gap, .trouble = config->trouble};
    char time[EVENT_TIME_SIZE];
    struct pen *pen;

    trace.style = (struct trace_style){.json = config->json,
                                       .show = {.secrets = config->secrets, .data = config->data}};
    (void)clock_gettime(CLOCK_MONOTONIC, &trace.begin);
    if (!output_open(&output, p))
        return false;
    if (!pens_begin(&trace.style) || (pen = pen_take()) == NULL) {
        output_close();
        return errbuf_say(p, "out of memory");
    }
    event_put_header(&pen->line, &trace.style, config->program, NACRE_VERSION, event_time(time));
    pen_put(pen, 0, false);
    trace.is_open = true;
    return true;
}

void trace_start(void)
{
    output_start();
}

void trace_close(void)
{
    if (!trace.is_open)
        return;
    trace.is_open = false;
    output_close();
    pens_end();
}
