#include "tests/support/session_trace.h"

#include <string.h>

static struct session_trace *trace_of(const struct end *e)
{
    struct session_trace *t = e->pair->user;

    return e == (t->role == NACRE_SERVER ? &e->pair->server : &e->pair->client) ? t : NULL;
}

static const char *direction_name(enum nacre_direction direction)
{
    return direction == NACRE_SENT ? "out" : "in";
}

static void put_hex(FILE *out, const char *name, const uint8_t *at, size_t len)
{
    (void)fprintf(out, ",\"%s\":\"", name);
    for (size_t i = 0; i < len; i++)
        (void)fprintf(out, "%02x", at[i]);
    (void)fputc('"', out);
}

/* The first packet of each direction is the identification line. */
static void on_packet(void *context, enum nacre_direction direction, const uint8_t *bytes,
                      size_t len)
{
    struct session_trace *t = trace_of(context);

    if (t == NULL || t->lines[direction])
        return;
    t->lines[direction] = true;
    (void)fprintf(
        t->out,
        "{\"us\":0,\"conn\":1,\"event\":\"identification\",\"dir\":\"%s\",\"text\":\"%.*s\"",
        direction_name(direction), (int)len - 2, (const char *)bytes);
    put_hex(t->out, "bytes", bytes, len);
    (void)fputs("}\n", t->out);
}

static void on_message(void *context, enum nacre_direction direction, uint32_t seq,
                       const char *phase, const uint8_t *payload, size_t len)
{
    struct session_trace *t = trace_of(context);

    if (t == NULL)
        return;
    (void)fprintf(t->out,
                  "{\"us\":1,\"conn\":1,\"event\":\"message\",\"dir\":\"%s\",\"seq\":%u,"
                  "\"phase\":\"%s\",\"number\":%u,\"name\":\"\",\"length\":%zu,\"fields\":[]",
                  direction_name(direction), seq, phase, payload[0], len);
    put_hex(t->out, "payload", payload, len);
    (void)fputs("}\n", t->out);
}

static void on_negotiated(void *context, const struct nacre_negotiated *choice)
{
    struct session_trace *t = trace_of(context);

    if (t != NULL)
        (void)fprintf(t->out, "{\"us\":2,\"conn\":1,\"event\":\"negotiated\",\"kex\":\"%s\"}\n",
                      choice->kex);
}

static void on_secret(void *context, char label, const uint8_t *bytes, size_t len)
{
    struct session_trace *t = trace_of(context);

    if (t == NULL)
        return;
    if (label == 'H') {
        if (t->session_id_len == 0) {
            memcpy(t->session_id, bytes, len);
            t->session_id_len = len;
        }
        if (!t->hashes)
            return;
        (void)fputs("{\"us\":3,\"conn\":1,\"event\":\"hash\",\"inputs\":[]", t->out);
        put_hex(t->out, "H", bytes, len);
        put_hex(t->out, "session_id", t->session_id, t->session_id_len);
        (void)fputs("}\n", t->out);
    } else if (t->secrets) {
        (void)fprintf(t->out, "{\"us\":3,\"conn\":1,\"event\":\"secret\",\"label\":\"%c\"", label);
        put_hex(t->out, "hex", bytes, len);
        (void)fputs("}\n", t->out);
    }
}

void session_trace(struct pair *p, struct session_trace *t)
{
    static const struct nacre_observer observer = {.packet = on_packet,
                                                   .message = on_message,
                                                   .negotiated = on_negotiated,
                                                   .secret = on_secret};

    p->user = t;
    p->server_config.observer = p->client_config.observer = &observer;
    t->lines[0] = t->lines[1] = false;
    t->session_id_len = 0;
    (void)fprintf(t->out,
                  "{\"trace\":1,\"program\":\"test\"}\n"
                  "{\"us\":0,\"conn\":1,\"event\":\"open\",\"role\":\"%s\"}\n",
                  t->role == NACRE_SERVER ? "server" : "client");
}
