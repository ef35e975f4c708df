/* Calls from inside callbacks, both roles: nothing is freed that is still in use, and no callback
 * runs in the middle of another call. */
#include "connection/channel.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"

#include <string.h>

static struct pair p;
static const struct nacre_channel_app app;

/* What happens where: in the first call of a callback of one end, once. */
static struct {
    enum nacre_role role;
    const char *where;
    void (*act)(struct end *e);
    bool done;   /* it has happened */
    bool acting; /* it is happening */
    int known[2], closed[2], ended[2], freed[2], wakes[2];
    struct nacre_channel *ch[2];     /* the channel of each end while it is alive */
    struct nacre_decision *decision; /* while it is open */
    bool later;                      /* it is answered outside of its callback */
    int skip;                        /* so many calls of the callback come first */
} story;

static struct end *end_at(enum nacre_role role)
{
    return role == NACRE_SERVER ? &p.server : &p.client;
}

static enum nacre_role role_of(const struct end *e)
{
    return e == &p.server ? NACRE_SERVER : NACRE_CLIENT;
}

static void reached(struct end *e, const char *where)
{
    ck_assert_msg(!story.acting || role_of(e) != story.role, "%s inside of another call", where);
    if (story.done || role_of(e) != story.role || strcmp(where, story.where) != 0 ||
        story.skip-- > 0)
        return;
    story.done = story.acting = true;
    story.act(e);
    story.acting = false;
}

static void open_channel(struct end *e, const char *type)
{
    story.known[role_of(e)] +=
        nacre_session_open_channel(e->session, type, &app, NULL, NULL, 0) != NULL;
}

/* ---- the callbacks ---- */

static struct end *end_of(struct nacre_channel *ch)
{
    return nacre_channel_context(ch);
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    story.known[NACRE_SERVER] += role_of(end_of(ch)) == NACRE_SERVER;
    story.ch[role_of(end_of(ch))] = ch;
    reached(end_of(ch), "open");
    return NACRE_GRANT;
}

/* Half of it at a time, so that bytes stay unaccepted. The view must last. */
static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    bool good = true;

    reached(end_of(ch), "data");
    for (size_t i = 0; i < len; i++)
        good = good && data[i] == 'x';
    ck_assert(good);
    return (len + 1) / 2;
}

static size_t on_extended(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    reached(end_of(ch), "extended");
    ck_assert_uint_eq(data[len - 1], 'x');
    return len;
}

static void on_writable(struct nacre_channel *ch)
{
    reached(end_of(ch), "writable");
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    ck_assert_uint_gt(strlen(request->type), 0);
    reached(end_of(ch), "request");
    ck_assert_uint_gt(strlen(request->type), 0);
    return NACRE_GRANT;
}

static void on_replied(struct nacre_channel *ch, bool granted)
{
    (void)granted;
    reached(end_of(ch), "replied");
}

static void on_eof(struct nacre_channel *ch)
{
    reached(end_of(ch), "eof");
    if (role_of(end_of(ch)) == NACRE_CLIENT)
        return;
    nacre_channel_exit_status(ch, 0);
    nacre_channel_close(ch);
}

static void on_close(struct nacre_channel *ch)
{
    reached(end_of(ch), "close");
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct end *e = end_of(ch);

    (void)why;
    reached(e, "closed");
    ck_assert_uint_gt(strlen(nacre_channel_type(ch)), 0); /* it is still there */
    story.closed[role_of(e)]++;
    if (story.ch[role_of(e)] == ch)
        story.ch[role_of(e)] = NULL;
}

static const struct nacre_channel_app app = {on_open,     on_data,    on_extended,
                                             on_writable, on_request, on_replied,
                                             on_eof,      on_close,   on_closed};

static void decide(bool granted)
{
    struct nacre_decision *d = story.decision;

    story.decision = NULL;
    nacre_decide(d, granted);
}

static const struct nacre_channel_app *on_lookup(void *context, const char *type)
{
    reached(context, "lookup");
    return strcmp(type, "session") == 0 ? &app : NULL;
}

static void on_password(void *context, struct nacre_decision *d, const char *user,
                        const char *password)
{
    bool good = strcmp(user, "alice") == 0 && strcmp(password, "secret") == 0;

    story.decision = d;
    reached(context, "password");
    if (story.decision != NULL && !story.later)
        decide(good);
}

static void on_attempted(void *context, const char *user, const char *method, bool granted)
{
    (void)user;
    (void)method;
    (void)granted;
    reached(context, "attempted");
}

static void on_authenticated(void *context, const char *user)
{
    struct end *e = context;

    (void)user;
    e->authenticated = true;
    reached(e, "authenticated");
}

static void on_banner(void *context, const char *text)
{
    reached(context, "banner");
    ck_assert_str_eq(text, "Hello.\r\n");
}

static enum nacre_answer on_host_key(void *context, const char *algorithm, const uint8_t *key,
                                     size_t len)
{
    (void)algorithm;
    reached(context, "host_key_accepted");
    return key[0] == 0 && len > 4;
}

static enum nacre_answer on_global(void *context, const struct nacre_global_request *request,
                                   uint32_t *port)
{
    (void)port;
    reached(context, "global_request");
    ck_assert_uint_gt(strlen(request->name), 0);
    return NACRE_GRANT;
}

static void on_global_replied(void *context, bool granted, const uint8_t *data, size_t len)
{
    (void)granted;
    (void)data;
    (void)len;
    reached(context, "global_replied");
}

static void on_ended(void *context, const struct nacre_end *why)
{
    struct end *e = context;

    reached(e, "ended");
    e->ended = true;
    e->why = *why;
    story.ended[role_of(e)]++;
    ck_assert_ptr_null(story.ch[role_of(e)]);
}

static void on_freed(void *context)
{
    struct end *e = context;

    story.freed[role_of(e)]++;
    e->session = NULL;
}

static void on_wake(void *context)
{
    struct end *e = context;

    story.wakes[role_of(e)]++;
    reached(e, "wake");
}

/* ---- the network ---- */

static struct wire {
    uint8_t bytes[1 << 19];
    size_t len;
} wires[2]; /* on the way from each end */

static void put_on_wire(const struct end *e, const uint8_t *at, size_t len)
{
    struct wire *wire = &wires[role_of(e)];

    ck_assert_uint_le(wire->len + len, sizeof wire->bytes);
    memcpy(wire->bytes + wire->len, at, len);
    wire->len += len;
}

static bool send_some(struct end *e)
{
    size_t len = 0;
    const uint8_t *at = e->session == NULL ? NULL : nacre_session_output(e->session, &len);

    if (len == 0)
        return false;
    put_on_wire(e, at, len);
    nacre_session_sent(e->session, len, p.now_ms);
    return true;
}

static bool receive_some(struct end *e)
{
    struct wire *wire = &wires[1 - role_of(e)];
    size_t room = 0, n;
    uint8_t *at = e->session == NULL ? NULL : nacre_session_input(e->session, &room);

    n = wire->len < room ? wire->len : room;
    if (n == 0)
        return false;
    memcpy(at, wire->bytes, n);
    memmove(wire->bytes, wire->bytes + n, wire->len - n);
    wire->len -= n;
    nacre_session_received(e->session, n, p.now_ms);
    return true;
}

static bool tick(struct end *e)
{
    if (e->session == NULL || nacre_session_deadline(e->session) > p.now_ms)
        return false;
    nacre_session_tick(e->session, p.now_ms);
    return true;
}

static void run(void)
{
    struct end *const ends[] = {&p.server, &p.client};
    bool moved = true;

    for (int steps = 0; moved; steps++) {
        ck_assert_int_lt(steps, 10000);
        moved = false;
        for (int i = 0; i < 2; i++) {
            bool sent = send_some(ends[i]), received = receive_some(ends[i]);

            moved = tick(ends[i]) || sent || received || moved;
        }
    }
}

/* ---- what is done there ---- */

static void act_free(struct end *e)
{
    nacre_session_free(e->session);
}

static void act_free_twice(struct end *e)
{
    nacre_session_free(e->session);
    nacre_session_lost(e->session);
    nacre_session_free(e->session);
}

static void act_free_all(struct end *e)
{
    nacre_session_free(e->session);
    nacre_endpoint_free(e->endpoint);
    e->endpoint = NULL;
}

static void act_lost(struct end *e)
{
    nacre_session_lost(e->session);
    ck_assert(nacre_session_ended(e->session) != NULL);
}

static void act_disconnect(struct end *e)
{
    nacre_session_disconnect(e->session, NACRE_WE_CLOSED, "enough");
    ck_assert(nacre_session_ended(e->session) != NULL);
}

/* As a nested event loop does: only what was there already is sent. */
static void act_input(struct end *e)
{
    size_t room;

    ck_assert_ptr_null(nacre_session_input(e->session, &room));
    ck_assert_uint_eq(room, 0);
    nacre_session_received(e->session, 100, p.now_ms);
    nacre_session_received(e->session, 0, p.now_ms);
}

static void act_flush(struct end *e)
{
    size_t len;
    const uint8_t *at = nacre_session_output(e->session, &len);

    for (; len > 0; at = nacre_session_output(e->session, &len)) {
        size_t n = len < 500 ? len : 500;

        put_on_wire(e, at, n);
        nacre_session_sent(e->session, n, p.now_ms);
    }
    nacre_session_sent(e->session, 0, p.now_ms);
}

/* Flush at once, and find the connection lost. */
static void act_flush_and_lose(struct end *e)
{
    act_flush(e);
    nacre_session_lost(e->session);
}

static void act_tick(struct end *e)
{
    nacre_session_tick(e->session, p.now_ms);
    nacre_session_rekey(e->session);
    (void)nacre_session_deadline(e->session);
}

/* Everything that an application may do with its channels and its session. */
static void act_all(struct end *e)
{
    struct nacre_channel *ch = story.ch[role_of(e)];

    (void)nacre_session_global_request(e->session, "x", true, "y", 1);
    (void)nacre_session_forward(e->session, "localhost", 0, false);
    nacre_session_answer_global(e->session, true, 1);
    nacre_session_respond(e->session, NULL, 0);
    open_channel(e, "other");
    if (ch == NULL)
        return;
    (void)nacre_channel_write(ch, "xxx", 3);
    (void)nacre_channel_write_extended(ch, "xxx", 3);
    (void)nacre_channel_exec(ch, "x");
    nacre_channel_await_space(ch);
    nacre_channel_resume(ch);
    nacre_channel_answer_request(ch, true);
    nacre_channel_answer_open(ch, true);
    nacre_channel_refuse_open(ch, NACRE_REASON_SHORTAGE, "x");
    nacre_channel_eof(ch);
    nacre_channel_exit_status(ch, 1);
    nacre_channel_close(ch);
    nacre_channel_close(ch);
}

static void act_decide(struct end *e)
{
    (void)e;
    if (story.decision != NULL)
        decide(true);
}

/* ---- the story ---- */

static void (*const acts[])(struct end *e) = {
    act_free,  act_free_twice,     act_free_all, act_lost, act_disconnect, act_input,
    act_flush, act_flush_and_lose, act_tick,     act_all,  act_decide,
};

static const struct {
    enum nacre_role role;
    const char *where;
} places[] = {
    {NACRE_SERVER, "password"},
    {NACRE_SERVER, "attempted"},
    {NACRE_SERVER, "authenticated"},
    {NACRE_SERVER, "lookup"},
    {NACRE_SERVER, "open"},
    {NACRE_SERVER, "data"},
    {NACRE_SERVER, "writable"},
    {NACRE_SERVER, "request"},
    {NACRE_SERVER, "eof"},
    {NACRE_SERVER, "closed"},
    {NACRE_SERVER, "global_request"},
    {NACRE_SERVER, "ended"},
    {NACRE_SERVER, "wake"},
    {NACRE_CLIENT, "host_key_accepted"},
    {NACRE_CLIENT, "banner"},
    {NACRE_CLIENT, "authenticated"},
    {NACRE_CLIENT, "open"},
    {NACRE_CLIENT, "data"},
    {NACRE_CLIENT, "extended"},
    {NACRE_CLIENT, "writable"},
    {NACRE_CLIENT, "replied"},
    {NACRE_CLIENT, "request"},
    {NACRE_CLIENT, "close"},
    {NACRE_CLIENT, "closed"},
    {NACRE_CLIENT, "global_replied"},
    {NACRE_CLIENT, "ended"},
    {NACRE_CLIENT, "wake"},
};

enum { ACTS = sizeof acts / sizeof acts[0], PLACES = sizeof places / sizeof places[0] };

static void start(void)
{
    struct nacre_endpoint_config *const configs[] = {&p.server_config, &p.client_config};

    wires[0].len = wires[1].len = 0;
    pair_init(&p, 9);
    for (int i = 0; i < 2; i++) {
        configs[i]->lookup = on_lookup;
        configs[i]->authenticated = on_authenticated;
        configs[i]->ended = on_ended;
        configs[i]->freed = on_freed;
        configs[i]->wake = on_wake;
    }
    p.policy.password = on_password;
    p.policy.attempted = on_attempted;
    p.policy.banner = "Hello.\r\n";
    p.server_config.global_request = on_global;
    p.client_config.global_replied = on_global_replied;
    p.client_config.banner = on_banner;
    p.client_config.host_key_accepted = on_host_key;
    pair_start(&p);
    run();
}

static void write_much(enum nacre_role role)
{
    static char x[32 * 1024];

    memset(x, 'x', sizeof x);
    while (story.ch[role] != NULL && nacre_channel_write(story.ch[role], x, sizeof x) > 0)
        ;
    run();
}

/* The owner answers late, if it was not done inside of a callback. */
static void answer_late(void)
{
    if (p.server.session != NULL)
        nacre_session_rekey(p.server.session);
    if (story.decision != NULL)
        decide(true);
    run();
}

/* A session from its beginning to its end, with every callback. */
static void tell(void)
{
    start();
    answer_late();
    if (p.client.session != NULL)
        open_channel(&p.client, "session");
    run();
    if (story.ch[NACRE_CLIENT] != NULL)
        (void)nacre_channel_exec(story.ch[NACRE_CLIENT], "x");
    if (p.client.session != NULL)
        (void)nacre_session_forward(p.client.session, "localhost", 0, false);
    run();
    write_much(NACRE_CLIENT);
    write_much(NACRE_SERVER);
    if (story.ch[NACRE_SERVER] != NULL)
        (void)nacre_channel_write_extended(story.ch[NACRE_SERVER], "x", 1);
    run();
    if (story.ch[NACRE_CLIENT] != NULL)
        nacre_channel_eof(story.ch[NACRE_CLIENT]);
    run();
    if (p.client.session != NULL)
        nacre_session_disconnect(p.client.session, NACRE_WE_CLOSED, "done");
    run();
}

static void stop(enum nacre_role role)
{
    struct end *e = end_at(role);

    if (e->session != NULL)
        nacre_session_free(e->session);
    ck_assert_int_eq(story.ended[role], 1);
    ck_assert_int_eq(story.freed[role], 1);
    ck_assert_int_eq(story.known[role], story.closed[role]);
    if (e->endpoint != NULL) {
        ck_assert_uint_eq(nacre_endpoint_memory_in_use(e->endpoint), 0);
        nacre_endpoint_free(e->endpoint);
    }
    hash_abandon(&e->digest);
}

static void tell_and_stop(int act)
{
    story.act = acts[act];
    tell();
    stop(NACRE_SERVER);
    stop(NACRE_CLIENT);
}

START_TEST(calls_inside_any_callback_are_safe)
{
    memset(&story, 0, sizeof story);
    story.role = places[_i / ACTS].role;
    story.where = places[_i / ACTS].where;
    tell_and_stop(_i % ACTS);
    ck_assert_msg(story.done, "%s was never called", story.where);
}
END_TEST

enum { WAKES = 8 };

/* It is called at the end of what an application calls, which must touch nothing any more. */
START_TEST(calls_inside_any_wake_are_safe)
{
    memset(&story, 0, sizeof story);
    story.role = (enum nacre_role)(_i % 2);
    story.where = "wake";
    story.later = true;
    story.skip = _i / 2 / ACTS;
    tell_and_stop(_i / 2 % ACTS);
}
END_TEST

/* What is called from a callback of the application's own call. */
START_TEST(calls_while_data_is_offered_again_are_safe)
{
    memset(&story, 0, sizeof story);
    story.role = NACRE_SERVER;
    story.where = "";
    start();
    open_channel(&p.client, "session");
    run();
    for (int i = 0; i < 1000; i++)
        (void)nacre_channel_write(story.ch[NACRE_CLIENT], "x", 1);
    run();
    (void)nacre_channel_write(story.ch[NACRE_CLIENT], "xx", 2);
    send_some(&p.client);
    receive_some(&p.server);
    story.where = "data";
    story.act = acts[_i];
    nacre_channel_resume(story.ch[NACRE_SERVER]);
    run();
    stop(NACRE_SERVER);
    stop(NACRE_CLIENT);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, calls_inside_any_callback_are_safe, 0, ACTS * PLACES);
    add_loop(suite, calls_inside_any_wake_are_safe, 0, 2 * WAKES * ACTS);
    add_loop(suite, calls_while_data_is_offered_again_are_safe, 0, ACTS);
}
