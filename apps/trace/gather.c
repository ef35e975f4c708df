/* Gathering key exchanges from the events of a trace; the interface is exchange.h's. */
#include "apps/trace/exchange.h"

#include "transport/message.h"
#include "transport/wire.h"

#include <stdlib.h>
#include <string.h>

/* One connection. */
struct gathering {
    struct gathering *next;
    bool is_server;          /* the program that wrote the trace */
    struct bytes version[2]; /* encoded, by enum nacre_role */
    struct exchange exchange;
};

struct gatherer {
    void (*each)(void *context, const struct exchange *x);
    void *context;
    struct gathering *connections;
    bool failed; /* out of memory */
};

struct gatherer *gatherer_new(void (*each)(void *context, const struct exchange *x), void *context)
{
    struct gatherer *g = calloc(1, sizeof *g);

    if (g != NULL) {
        g->each = each;
        g->context = context;
    }
    return g;
}

/* ---- blobs ---- */

static void drop(struct bytes *blob)
{
    if (blob->at != NULL) {
        explicit_bzero((void *)(uintptr_t)blob->at, blob->len);
        free((void *)(uintptr_t)blob->at);
    }
    *blob = (struct bytes){NULL, 0};
}

/* A copy; with `as_string`, after its length. */
static void keep(struct gatherer *g, struct bytes *blob, struct bytes value, bool as_string)
{
    size_t before = as_string ? 4 : 0;
    uint8_t *at = malloc(before + value.len + 1);

    drop(blob);
    g->failed = g->failed || at == NULL;
    if (at == NULL)
        return;
    if (as_string)
        store_u32(at, (uint32_t)value.len);
    if (value.len > 0)
        memcpy(at + before, value.at, value.len);
    *blob = (struct bytes){at, before + value.len};
}

/* The bytes of a member in hex. False: it is missing, or something in it is not shown. */
static bool member_bytes(struct gatherer *g, const struct value *object, const char *name,
                         struct bytes *out)
{
    const struct value *v = value_get(object, name);
    bool masked = false;
    uint8_t *at;
    size_t len;

    if (v == NULL || v->len < 2)
        return false;
    at = malloc(v->len / 2);
    g->failed = g->failed || at == NULL;
    if (at == NULL)
        return false;
    *out = (struct bytes){at, v->len / 2};
    if (value_hex(v, at, v->len / 2, &len, &masked) && !masked)
        return true;
    drop(out);
    return false;
}

/* ---- connections ---- */

static struct gathering *find(const struct gatherer *g, uint64_t conn)
{
    struct gathering *c = g->connections;

    while (c != NULL && c->exchange.conn != conn)
        c = c->next;
    return c;
}

static void on_open(struct gatherer *g, const struct trace_event *event)
{
    struct gathering *c = calloc(1, sizeof *c), **end = &g->connections;

    g->failed = g->failed || c == NULL;
    if (c == NULL)
        return;
    c->exchange.conn = event->conn;
    c->exchange.number = 1;
    c->is_server = strcmp(value_text_of(event->object, "role"), "server") == 0;
    while (*end != NULL)
        end = &(*end)->next;
    *end = c;
}

/* Report the exchange, if it got as far as a message of its method, and begin another. */
static void finish_exchange(struct gatherer *g, struct gathering *c)
{
    struct exchange *x = &c->exchange;
    bool whole = x->blobs[HASHED_I_C].len > 0 && x->blobs[HASHED_I_S].len > 0;
    struct exchange next = {
        .conn = x->conn, .number = x->number + (whole ? 1 : 0), .session_id = x->session_id};

    if (whole) {
        x->blobs[HASHED_V_C] = c->version[NACRE_CLIENT];
        x->blobs[HASHED_V_S] = c->version[NACRE_SERVER];
        if (next.session_id.len == 0 && x->number == 1 &&
            exchange_compute_hash(x, next.session_id.at))
            next.session_id.len = x->hash->len;
        g->each(g->context, x);
        x->blobs[HASHED_V_C] = x->blobs[HASHED_V_S] = (struct bytes){NULL, 0};
    }
    for (size_t i = 0; i < HASHED_NAMES; i++)
        drop(&x->blobs[i]);
    explicit_bzero(x, sizeof *x);
    *x = next;
}

static void close_connection(struct gatherer *g, struct gathering *c)
{
    struct gathering **at = &g->connections;

    finish_exchange(g, c);
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    drop(&c->version[0]);
    drop(&c->version[1]);
    free(c);
}

/* ---- events ---- */

static enum nacre_role sender(const struct gathering *c, const struct value *event)
{
    bool out = strcmp(value_text_of(event, "dir"), "out") == 0;

    return out == c->is_server ? NACRE_SERVER : NACRE_CLIENT;
}

static void on_identification(struct gatherer *g, struct gathering *c, const struct value *event)
{
    struct bytes line;

    if (member_bytes(g, event, "bytes", &line)) {
        struct bytes text = line;

        while (text.len > 0 && (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == '\r'))
            text.len--;
        keep(g, &c->version[sender(c, event)], text, true);
        drop(&line);
    } else {
        keep(g, &c->version[sender(c, event)], bytes_of(value_text_of(event, "text")), true);
    }
}

static void on_kexinit(struct gatherer *g, struct gathering *c, const struct value *event,
                       struct bytes payload)
{
    enum hashed_name id = sender(c, event) == NACRE_CLIENT ? HASHED_I_C : HASHED_I_S;

    if (c->exchange.blobs[id].len > 0)
        finish_exchange(g, c);
    keep(g, &c->exchange.blobs[id], payload, true);
}

/* The next field of a message, which begins with a length. */
static void keep_string(struct gatherer *g, struct gathering *c, enum hashed_name id,
                        struct reader *r)
{
    struct bytes value = read_string(r);

    if (!r->bad)
        keep(g, &c->exchange.blobs[id], value, true);
}

static void keep_u32(struct gatherer *g, struct gathering *c, enum hashed_name id, struct reader *r)
{
    struct bytes value = read_bytes(r, 4);

    if (!r->bad)
        keep(g, &c->exchange.blobs[id], value, false);
}

/* RFC 4419 sections 3 and 5: message 31 is the group, 30 an old request, 34 a new one. */
static void on_group_exchange(struct gatherer *g, struct gathering *c, uint8_t number,
                              struct reader *r)
{
    switch (number) {
    case 30:
        keep_u32(g, c, HASHED_N, r);
        break;
    case 34:
        keep_u32(g, c, HASHED_MIN, r);
        keep_u32(g, c, HASHED_N, r);
        keep_u32(g, c, HASHED_MAX, r);
        break;
    case 31:
        keep_string(g, c, HASHED_P, r);
        keep_string(g, c, HASHED_G, r);
        break;
    case 32:
        keep_string(g, c, HASHED_SHARE_C, r);
        break;
    case 33:
        keep_string(g, c, HASHED_K_S, r);
        keep_string(g, c, HASHED_SHARE_S, r);
        break;
    default:
        break;
    }
}

/* RFC 5656 section 4 and RFC 4253 section 8: a share each way. */
static void on_shares(struct gatherer *g, struct gathering *c, uint8_t number, struct reader *r)
{
    if (number == SSH_MSG_KEX_ECDH_INIT) {
        keep_string(g, c, HASHED_SHARE_C, r);
    } else if (number == SSH_MSG_KEX_ECDH_REPLY) {
        keep_string(g, c, HASHED_K_S, r);
        keep_string(g, c, HASHED_SHARE_S, r);
    }
}

static void on_message(struct gatherer *g, struct gathering *c, const struct value *event)
{
    uint64_t number = value_number_of(event, "number");
    const struct context_kex *kex = c->exchange.kex;
    struct bytes payload;
    struct reader r;

    if (number < SSH_MSG_KEXINIT || number > SSH_MSG_KEX_METHOD_LAST ||
        !member_bytes(g, event, "payload", &payload))
        return;
    r = read_from(payload);
    (void)read_u8(&r);
    if (number == SSH_MSG_KEXINIT)
        on_kexinit(g, c, event, payload);
    else if (kex != NULL && kex->when == WHEN_GEX)
        on_group_exchange(g, c, (uint8_t)number, &r);
    else
        on_shares(g, c, (uint8_t)number, &r);
    drop(&payload);
}

static const struct hash_method *hash_named(const char *name)
{
    static const struct {
        const char *name;
        const struct hash_method *method;
    } hashes[] = {{"SHA-1", &hash_sha1},
                  {"SHA-256", &hash_sha256},
                  {"SHA-384", &hash_sha384},
                  {"SHA-512", &hash_sha512}};

    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++)
        if (strcmp(hashes[i].name, name) == 0)
            return hashes[i].method;
    return NULL;
}

static void on_negotiated(struct exchange *x, const struct value *event)
{
    x->kex = context_kex_find(value_text_of(event, "kex"));
    x->hash = x->kex == NULL ? NULL : hash_named(x->kex->hash);
}

static void keep_digest(const struct value *v, struct exchange_digest *digest)
{
    bool masked = false;
    size_t len = 0;

    if (v != NULL && value_hex(v, digest->at, sizeof digest->at, &len, &masked) && !masked)
        digest->len = len;
}

static void on_hash(struct exchange *x, const struct value *event)
{
    keep_digest(value_get(event, "H"), &x->h);
    keep_digest(value_get(event, "session_id"), &x->session_id);
}

static void on_secret(struct gatherer *g, struct exchange *x, const struct value *event)
{
    const char *label = value_text_of(event, "label");
    struct bytes k;

    if (strcmp(label, "K") == 0 && member_bytes(g, event, "hex", &k)) {
        keep(g, &x->blobs[HASHED_K], k, false);
        drop(&k);
    } else if (label[0] >= 'A' && label[0] < 'A' + EXCHANGE_KEYS && label[1] == 0) {
        keep_digest(value_get(event, "hex"), &x->keys[label[0] - 'A']);
    }
}

bool gatherer_take(struct gatherer *g, const struct trace_event *event)
{
    struct gathering *c = find(g, event->conn);

    if (event->kind == TRACE_OPEN) {
        if (c != NULL)
            close_connection(g, c); /* of another program, whose trace was appended */
        on_open(g, event);
    } else if (c != NULL) {
        if (event->kind == TRACE_IDENTIFICATION)
            on_identification(g, c, event->object);
        else if (event->kind == TRACE_MESSAGE)
            on_message(g, c, event->object);
        else if (event->kind == TRACE_NEGOTIATED)
            on_negotiated(&c->exchange, event->object);
        else if (event->kind == TRACE_HASH)
            on_hash(&c->exchange, event->object);
        else if (event->kind == TRACE_SECRET)
            on_secret(g, &c->exchange, event->object);
        else if (event->kind == TRACE_CLOSE)
            close_connection(g, c);
    }
    return !g->failed;
}

void gatherer_finish(struct gatherer *g)
{
    if (g == NULL)
        return;
    while (g->connections != NULL)
        close_connection(g, g->connections);
    free(g);
}
