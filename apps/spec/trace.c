#include "apps/spec/trace.h"

#include "apps/observe/context.h"
#include "apps/spec/names.h"
#include "transport/message.h"
#include "transport/text.h"
#include "transport/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    KEPT = 256,      /* bytes of a payload without -v */
    HEX_SHOWN = 48,  /* ... that a line shows */
    HEX_MOST = 1024, /* ... with -v */
};

/* Room for one more; NULL: out of memory. */
static struct traced *add(struct peer *p, enum traced_kind kind, struct bytes payload)
{
    struct traced *t;

    if (p->trace_count == p->trace_size) {
        size_t size = p->trace_size == 0 ? 64 : 2 * p->trace_size;
        struct traced *bigger = realloc(p->trace, size * sizeof *bigger);

        if (bigger == NULL)
            return NULL;
        p->trace = bigger;
        p->trace_size = size;
    }
    t = &p->trace[p->trace_count++];
    *t = (struct traced){.kind = kind, .us = now_us() - p->began, .conn = p->connections};
    t->payload = peer_copy(p, payload);
    return t;
}

void trace_identification(struct peer *p, bool out, struct bytes line)
{
    struct traced *t = add(p, TRACED_IDENTIFICATION, line);

    if (t != NULL) {
        t->out = out;
        t->marked = out && p->observing && !p->conforming;
    }
}

void trace_message(struct peer *p, bool out, uint32_t number, struct bytes payload,
                   struct bytes packet)
{
    size_t kept = payload.len > KEPT && !p->setting->verbose ? KEPT : payload.len;
    struct traced *t;

    if (p->bulk && payload.len > 0 && payload.at[0] == SSH_MSG_CHANNEL_DATA)
        return;
    t = add(p, TRACED_MESSAGE, (struct bytes){payload.at, kept});
    if (t == NULL)
        return;
    t->out = out;
    t->number = number;
    t->marked = out && p->observing;
    t->kex = context_kex_find(p->x.chosen.name[LIST_KEX]);
    if (p->setting->tracing)
        t->packet = peer_copy(p, packet);
}

void trace_secret(struct peer *p, char label, struct bytes secret)
{
    struct traced *t = p->setting->tracing ? add(p, TRACED_SECRET, secret) : NULL;

    if (t != NULL)
        t->label = label;
}

void trace_hash(struct peer *p)
{
    struct traced *t =
        p->setting->tracing ? add(p, TRACED_HASH, (struct bytes){p->x.hash, p->x.hash_len}) : NULL;

    if (t != NULL)
        t->secret = peer_copy(p, (struct bytes){p->x.secret, p->x.secret_len});
}

/* How much of a message may be shown: not the passwords in it.
 * RFC 4252 section 8: byte SSH_MSG_USERAUTH_REQUEST, string user name, string service name, string
 * "password", boolean, string password. RFC 4256 section 3.4: byte SSH_MSG_USERAUTH_INFO_RESPONSE,
 * int num-responses, string response[1]... */
static size_t without_password(struct bytes payload)
{
    struct reader r = read_from(payload);
    uint8_t number = read_u8(&r);

    if (number == SSH_MSG_USERAUTH_INFO_RESPONSE)
        return 1;
    if (number != SSH_MSG_USERAUTH_REQUEST)
        return payload.len;
    (void)read_string(&r);
    (void)read_string(&r);
    return bytes_are(read_string(&r), "password") ? (size_t)(r.at - payload.at) : payload.len;
}

static void put_message(FILE *out, const struct traced *t, size_t most)
{
    uint8_t number = t->payload.len > 0 ? t->payload.at[0] : 0;
    const char *name = message_name(number);
    size_t shown = without_password(t->payload);

    (void)fprintf(out, "%8" PRIu64 " us  %s%s %u %s  #%u  ", t->us, t->out ? "->" : "<-",
                  t->marked ? "*" : " ", (unsigned)number, name == NULL ? "?" : name,
                  (unsigned)t->number);
    for (size_t i = 1; i < shown && i <= most; i++)
        (void)fprintf(out, "%02x", t->payload.at[i]);
    (void)fprintf(out, "%s\n", t->payload.len > shown || shown > most + 1 ? "..." : "");
}

/* Without control characters: a server must not write on the user's terminal. */
static void put_identification(FILE *out, const struct traced *t)
{
    char clean[HEX_MOST];
    size_t len = t->payload.len;

    while (len > 0 && (t->payload.at[len - 1] == '\n' || t->payload.at[len - 1] == '\r'))
        len--;
    (void)clean_text(clean, sizeof clean, (struct bytes){t->payload.at, len});
    (void)fprintf(out, "%8" PRIu64 " us  %s%s %s\n", t->us, t->out ? "->" : "<-",
                  t->marked ? "*" : " ", clean);
}

char *trace_text(const struct peer *p, size_t last)
{
    bool all = p->setting->verbose;
    size_t from = all || p->trace_count <= last ? 0 : p->trace_count - last, len = 0;
    char *text = NULL;
    FILE *out = open_memstream(&text, &len);

    if (out == NULL)
        return NULL;
    for (size_t i = from; i < p->trace_count; i++)
        if (p->trace[i].kind == TRACED_IDENTIFICATION)
            put_identification(out, &p->trace[i]);
        else if (p->trace[i].kind == TRACED_MESSAGE)
            put_message(out, &p->trace[i], all ? HEX_MOST : HEX_SHOWN);
    (void)fclose(out);
    return text;
}
