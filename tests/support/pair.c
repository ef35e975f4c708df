#include "tests/support/pair.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void end_note(struct end *e, const char *format, ...)
{
    size_t n = strlen(e->log);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(e->log + n, sizeof e->log - n, format, args);
    va_end(args);
}

static struct end *end_of(const struct nacre_channel *ch)
{
    return nacre_channel_context(ch);
}

/* ---- the applications of both ends ---- */

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    end_note(end_of(ch), "open;");
    return NACRE_GRANT;
}

static size_t server_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    return nacre_channel_write(ch, data, len);
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    end_note(end_of(ch), "request %s%s%s;", request->type, request->text[0] ? " " : "",
             request->text);
    return request->kind == NACRE_REQUEST_OTHER ? NACRE_REFUSE : NACRE_GRANT;
}

static void server_eof(struct nacre_channel *ch)
{
    end_note(end_of(ch), "eof;");
    nacre_channel_exit_status(ch, 0);
    nacre_channel_close(ch);
}

static size_t client_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    struct pair *p = end_of(ch)->pair;

    while (p->got_len + len > p->got_cap) {
        p->got_cap = p->got_cap == 0 ? 4096 : p->got_cap * 2;
        p->got = realloc(p->got, p->got_cap);
        ck_assert_ptr_nonnull(p->got);
    }
    memcpy(p->got + p->got_len, data, len);
    p->got_len += len;
    return len;
}

static void client_replied(struct nacre_channel *ch, bool granted)
{
    struct pair *p = end_of(ch)->pair;

    *(granted ? &p->replies_good : &p->replies_bad) += 1;
}

static void client_eof(struct nacre_channel *ch)
{
    end_note(end_of(ch), "eof;");
}

static void on_close(struct nacre_channel *ch)
{
    end_note(end_of(ch), "close;");
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    end_note(end_of(ch), "closed %s;", nacre_cause_text(why->cause));
}

static const struct nacre_channel_app server_app = {.open = on_open,
                                                    .data = server_data,
                                                    .request = on_request,
                                                    .eof = server_eof,
                                                    .close = on_close,
                                                    .closed = on_closed};
static const struct nacre_channel_app client_app = {.open = on_open,
                                                    .data = client_data,
                                                    .extended_data = client_data,
                                                    .request = on_request,
                                                    .replied = client_replied,
                                                    .eof = client_eof,
                                                    .close = on_close,
                                                    .closed = on_closed};

/* ---- the sessions ---- */

static void on_password(void *context, struct nacre_decision *d, const char *user,
                        const char *password)
{
    (void)context;
    nacre_decide(d, strcmp(user, "alice") == 0 && strcmp(password, "secret") == 0);
}

static void on_publickey(void *context, struct nacre_decision *d, const char *user,
                         const struct nacre_key_offer *offer)
{
    struct end *e = context;
    struct bytes blob = {offer->key, offer->key_len};

    nacre_decide(d, strcmp(user, "alice") == 0 &&
                        bytes_equal(blob, private_key_blob(&e->pair->user_key)));
}

static enum nacre_answer host_key_accepted(void *context, const char *algorithm, const uint8_t *key,
                                           size_t len)
{
    struct end *e = context;
    struct bytes blob = {key, len};

    (void)algorithm;
    return bytes_equal(blob, private_key_blob(&e->pair->host_key));
}

static void authenticated(void *context, const char *user)
{
    struct end *e = context;

    (void)user;
    e->authenticated = true;
}

static void ended(void *context, const struct nacre_end *why)
{
    struct end *e = context;

    ck_assert(!e->ended);
    e->ended = true;
    e->why = *why;
    (void)snprintf(e->why_text, sizeof e->why_text, "%s", why->text);
    e->why.text = e->why_text;
}

static void wake(void *context)
{
    struct end *e = context;

    e->wakes++;
}

static void make_key(struct nacre_key *key, uint8_t byte)
{
    uint8_t seed[32];

    memset(seed, byte, sizeof seed);
    ck_assert(private_key_ed25519(key, seed));
}

/* Tests of limits set their own. */
const struct nacre_limits unhurried = {
    .auth_delay_ms = NACRE_UNLIMITED,
    .rates = {[NACRE_LIMIT_OPENS - NACRE_LIMIT_OPENS] = {NACRE_UNLIMITED, 0},
              [NACRE_LIMIT_REQUESTS - NACRE_LIMIT_OPENS] = {NACRE_UNLIMITED, 0},
              [NACRE_LIMIT_GLOBALS - NACRE_LIMIT_OPENS] = {NACRE_UNLIMITED, 0},
              [NACRE_LIMIT_PROOFS - NACRE_LIMIT_OPENS] = {NACRE_UNLIMITED, 0},
              [NACRE_LIMIT_REKEYS - NACRE_LIMIT_OPENS] = {NACRE_UNLIMITED, 0}},
};

void pair_init(struct pair *p, uint8_t seed)
{
    uint8_t seeds[2][32];

    memset(p, 0, sizeof *p);
    memset(seeds[0], seed, 32);
    memset(seeds[1], seed ^ 0xff, 32);
    make_key(&p->host_key, 1);
    make_key(&p->user_key, 2);
    make_key(&p->other_key, 3);
    p->host_keys[0] = &p->host_key;
    p->user_keys[0] = &p->user_key;
    p->server.pair = p->client.pair = p;
    p->server.random = random_from_seed(&p->server.seed, seeds[0]);
    p->client.random = random_from_seed(&p->client.seed, seeds[1]);
    p->server_app = server_app;
    p->client_app = client_app;
    p->policy = (struct nacre_auth_policy){.password = on_password, .publickey = on_publickey};
    p->client_reads = true;
    p->server_limits = unhurried;
    p->server_config = (struct nacre_endpoint_config){
        .version = NACRE_VERSION_NUMBER,
        .role = NACRE_SERVER,
        .host_keys = p->host_keys,
        .host_key_count = 1,
        .auth = &p->policy,
        .session = &p->server_app,
        .authenticated = authenticated,
        .ended = ended,
        .wake = wake,
        .limits = &p->server_limits,
        .random = p->server.random.fill,
        .random_context = p->server.random.context,
    };
    p->client_config = (struct nacre_endpoint_config){
        .version = NACRE_VERSION_NUMBER,
        .role = NACRE_CLIENT,
        .limits = &p->client_limits,
        .user = "alice",
        .password = "secret",
        .host_key_accepted = host_key_accepted,
        .authenticated = authenticated,
        .ended = ended,
        .wake = wake,
        .random = p->client.random.fill,
        .random_context = p->client.random.context,
    };
}

static void on_message(void *context, enum nacre_direction direction, uint32_t seq,
                       const char *phase, const uint8_t *payload, size_t len)
{
    struct end *e = context;

    traced_message(&e->traced, direction, (struct bytes){payload, len});
    if (e->observed_by != NULL && e->observed_by->message != NULL)
        e->observed_by->message(context, direction, seq, phase, payload, len);
}

static void on_negotiated(void *context, const struct nacre_negotiated *choice)
{
    struct end *e = context;

    traced_negotiated(&e->traced, choice);
    if (e->observed_by != NULL && e->observed_by->negotiated != NULL)
        e->observed_by->negotiated(context, choice);
}

/* The observer of the config sees everything too. */
static void observe(struct end *e, struct nacre_endpoint_config *config)
{
    e->observed_by = config->observer;
    if (e->observed_by != NULL)
        e->observer = *e->observed_by;
    e->observer.message = on_message;
    e->observer.negotiated = on_negotiated;
    config->observer = &e->observer;
}

bool end_start(struct end *e, const struct nacre_endpoint_config *given)
{
    struct nacre_endpoint_config config = *given;

    observe(e, &config);
    ck_assert(hash_start(&e->digest, &hash_sha256));
    e->endpoint = nacre_endpoint_new(&config, NULL, 0);
    ck_assert_ptr_nonnull(e->endpoint);
    e->session = nacre_session_new(e->endpoint, e, e->pair->now_ms);
    return e->session != NULL;
}

void pair_start(struct pair *p)
{
    ck_assert(end_start(&p->server, &p->server_config));
    ck_assert(end_start(&p->client, &p->client_config));
}

void end_stop(struct end *e)
{
    if (e->session != NULL) {
        nacre_session_free(e->session);
        ck_assert(e->ended);
    }
    ck_assert_uint_eq(nacre_endpoint_memory_in_use(e->endpoint), 0); /* all was released */
    nacre_endpoint_free(e->endpoint);
    hash_abandon(&e->digest);
    free(e->wire);
    free(e->record);
}

void pair_clear(struct pair *p)
{
    end_stop(&p->server);
    end_stop(&p->client);
    pair_free(p);
}

void pair_free(struct pair *p)
{
    free(p->got);
}

/* ---- the network ---- */

static void make_wire(struct end *e, size_t len)
{
    if (e->wire_head > 0 && e->wire_head + e->wire_len + len > e->wire_cap) {
        memmove(e->wire, e->wire + e->wire_head, e->wire_len);
        e->wire_head = 0;
    }
    while (e->wire_len + len > e->wire_cap) {
        e->wire_cap = e->wire_cap == 0 ? 4096 : e->wire_cap * 2;
        e->wire = realloc(e->wire, e->wire_cap);
        ck_assert_ptr_nonnull(e->wire);
    }
}

static void record(struct end *e, const uint8_t *at, size_t len)
{
    while (e->sent + len > e->record_cap) {
        e->record_cap = e->record_cap == 0 ? 4096 : e->record_cap * 2;
        e->record = realloc(e->record, e->record_cap);
        ck_assert_ptr_nonnull(e->record);
    }
    memcpy(e->record + e->sent, at, len);
}

/* Move output of the session to the wire. */
static bool send_some(struct end *e)
{
    size_t len;
    const uint8_t *at = nacre_session_output(e->session, &len);

    if (len == 0)
        return false;
    if (e->pair->chunk != 0 && len > e->pair->chunk)
        len = e->pair->chunk;
    make_wire(e, len);
    memcpy(e->wire + e->wire_head + e->wire_len, at, len);
    hash_update(&e->digest, (struct bytes){at, len});
    if (e->pair->records)
        record(e, at, len);
    e->wire_len += len;
    e->sent += len;
    nacre_session_sent(e->session, len, e->pair->now_ms);
    return true;
}

void end_hold(struct end *e)
{
    while (send_some(e))
        ;
}

static bool deliver(struct end *from, struct end *to)
{
    size_t room, n = from->wire_len;
    uint8_t *at = nacre_session_input(to->session, &room);

    if (nacre_session_ended(to->session) != NULL) {
        from->wire_len = 0;
        return false;
    }
    n = n < room ? n : room;
    if (from->pair->chunk != 0 && n > from->pair->chunk)
        n = from->pair->chunk;
    if (n == 0)
        return false;
    memcpy(at, from->wire + from->wire_head, n);
    from->wire_head += n;
    from->wire_len -= n;
    nacre_session_received(to->session, n, to->pair->now_ms);
    return true;
}

/* A full wire is a socket that accepts no more. */
static bool pump(struct end *from, struct end *to, bool reads)
{
    bool moved = false;

    if (reads)
        moved = send_some(from);
    else
        nacre_session_sent(from->session, 0, from->pair->now_ms);
    return deliver(from, to) || moved;
}

bool end_go_on(struct end *e)
{
    if (nacre_session_deadline(e->session) > e->pair->now_ms)
        return false;
    nacre_session_tick(e->session, e->pair->now_ms);
    return true;
}

bool pair_step(struct pair *p)
{
    bool moved = pump(&p->client, &p->server, true);

    moved = pump(&p->server, &p->client, p->client_reads) || moved;
    moved = end_go_on(&p->client) || moved;
    return end_go_on(&p->server) || moved;
}

void pair_run(struct pair *p)
{
    for (uint64_t steps = 0; pair_step(p); steps++)
        ck_assert_uint_lt(steps, UINT64_C(100000000));
}

void pair_pass(struct pair *p, uint64_t ms)
{
    p->now_ms += ms;
    nacre_session_tick(p->server.session, p->now_ms);
    nacre_session_tick(p->client.session, p->now_ms);
    pair_run(p);
}

struct nacre_channel *pair_open(struct pair *p)
{
    struct nacre_channel *ch;

    pair_run(p);
    ck_assert_msg(p->client.authenticated, "not logged in: %s %s", p->client.why_text,
                  p->server.why_text);
    ch = nacre_session_open_channel(p->client.session, "session", &p->client_app, NULL, NULL, 0);
    ck_assert_ptr_nonnull(ch);
    pair_run(p);
    return ch;
}
