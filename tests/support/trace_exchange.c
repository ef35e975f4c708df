#include "tests/support/trace_exchange.h"

#include "tests/support/scratch.h"

#include <stdlib.h>
#include <string.h>

const char *exchanges_write(const struct exchange_session *s)
{
    const char *path = scratch_path("trace.json");
    struct session_trace trace = {.out = fopen(path, "w"),
                                  .role = s->role,
                                  .secrets = !s->without_secrets,
                                  .hashes = !s->without_hash};
    struct pair p;

    ck_assert_ptr_nonnull(trace.out);
    pair_init(&p, s->seed);
    session_trace(&p, &trace);
    p.client_config.kex = p.server_config.kex = s->kex;
    p.client_config.ciphers = p.server_config.ciphers = s->cipher;
    pair_start(&p);
    (void)pair_open(&p);
    if (s->rekeys) {
        nacre_session_rekey(p.client.session);
        pair_run(&p);
    }
    pair_clear(&p);
    ck_assert_int_eq(fclose(trace.out), 0);
    return path;
}

struct bytes exchanges_copy(struct bytes b)
{
    uint8_t *at = malloc(b.len + 1);

    ck_assert_ptr_nonnull(at);
    if (b.len > 0)
        memcpy(at, b.at, b.len);
    return (struct bytes){at, b.len};
}

static void on_exchange(void *context, const struct exchange *x)
{
    struct exchanges *t = context;

    ck_assert_uint_lt(t->count, EXCHANGES_MAX);
    t->x[t->count] = *x;
    for (size_t i = 0; i < HASHED_NAMES; i++)
        if (x->blobs[i].len > 0)
            t->x[t->count].blobs[i] = exchanges_copy(x->blobs[i]);
    t->count++;
}

struct exchanges exchanges_read(const char *path)
{
    char text[TRACE_SENTENCE_MAX] = "";
    struct errbuf why = errbuf_in(text, sizeof text);
    struct trace_reader *reader = trace_reader_open(path, &why);
    struct exchanges t = {.count = 0};
    struct gatherer *g = gatherer_new(on_exchange, &t);
    struct trace_event event;

    ck_assert_ptr_nonnull(reader);
    ck_assert_ptr_nonnull(g);
    while (trace_reader_next(reader, &event, &why) == TRACE_EVENT)
        ck_assert(gatherer_take(g, &event));
    ck_assert_str_eq(text, "");
    gatherer_finish(g);
    trace_reader_close(reader);
    return t;
}

struct exchanges exchanges_run(const struct exchange_session *s)
{
    return exchanges_read(exchanges_write(s));
}

void exchanges_free(struct exchanges *t)
{
    for (size_t i = 0; i < t->count; i++)
        for (size_t j = 0; j < HASHED_NAMES; j++)
            free((void *)(uintptr_t)t->x[i].blobs[j].at);
}
