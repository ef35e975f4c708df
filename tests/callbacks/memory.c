/* Every public function from inside every callback of a session, in memory, for both roles. See
 * callbacks.h. */
#include "tests/callbacks/memory.h"

#include <string.h>

static void start(struct nacre_endpoint_config *configs)
{
    extra_session = NULL;
    for (int i = 0; i < 2; i++) {
        uint8_t seed[32];
        struct end *e = &ends[i];

        memset(seed, 7 + i, sizeof seed);
        e->random = random_from_seed(&e->seed, seed);
        e->endpoint = nacre_endpoint_new(&configs[i], NULL, 0);
        e->session = nacre_session_new(e->endpoint, e, clock_ms);
        if (e->session == NULL)
            fault("no session");
    }
}

/* ---- the stories ---- */

static void open_channel(enum nacre_role role, const char *type)
{
    struct end *e = &ends[role];
    struct nacre_channel *ch = NULL;

    if (end_is_alive(e))
        ch = nacre_session_open_channel(e->session, type, things.app, NULL, NULL, 0);
    if (ch != NULL)
        known_add(e, ch);
}

/* The end's n-th channel; NULL: it has fewer. */
static struct nacre_channel *channel(enum nacre_role role, int n)
{
    struct nacre_channel *ch = NULL;

    if (!end_is_alive(&ends[role]))
        return NULL;
    ch = known_alive(&ends[role], NULL);
    return n == 0 || ch == NULL ? ch : known_alive(&ends[role], ch);
}

static void write_much(enum nacre_role role)
{
    static char x[32 * 1024];

    for (int i = 0; i < 8 && channel(role, 0) != NULL; i++)
        (void)nacre_channel_write(channel(role, 0), x, sizeof x);
    go_on();
}

static void send_requests(void)
{
    static const char *const no_data = "";

    for (int i = 0; i < 2; i++) {
        enum nacre_role role = ends[i].side.role;

        if (channel(role, 0) != NULL)
            (void)nacre_channel_exec(channel(role, 0), "x");
        if (channel(role, 0) != NULL)
            (void)nacre_channel_request(channel(role, 0), "x@example", true, no_data, 0);
        if (end_is_alive(&ends[i]))
            (void)nacre_session_forward(ends[i].session, "localhost", 0, false);
        if (end_is_alive(&ends[i]))
            (void)nacre_session_global_request(ends[i].session, "x@example", true, no_data, 0);
        go_on();
    }
}

static void send_data(void)
{
    write_much(NACRE_CLIENT);
    write_much(NACRE_SERVER);
    if (channel(NACRE_SERVER, 0) != NULL)
        (void)nacre_channel_write_extended(channel(NACRE_SERVER, 0), "x", 1);
    go_on();
    if (end_is_alive(&ends[NACRE_CLIENT]))
        nacre_session_rekey(ends[NACRE_CLIENT].session);
    go_on();
}

/* Each side closes one. */
static void close_channels(void)
{
    if (channel(NACRE_CLIENT, 1) != NULL)
        nacre_channel_close(channel(NACRE_CLIENT, 1));
    if (channel(NACRE_SERVER, 0) != NULL)
        nacre_channel_eof(channel(NACRE_SERVER, 0));
    go_on();
    if (channel(NACRE_CLIENT, 0) != NULL)
        nacre_channel_eof(channel(NACRE_CLIENT, 0));
    go_on();
}

static void finish_end(struct end *e)
{
    if (end_is_alive(e)) {
        e->given_up = true;
        nacre_session_free(e->session);
    }
    if (extra_session != NULL && extra.role == e->side.role) {
        nacre_session_free(extra_session);
        extra_session = NULL;
    }
    if (e->endpoint != NULL) /* an open decision is answered when all is gone */
        nacre_endpoint_free(e->endpoint);
    if (e->pending != NULL)
        nacre_decide(e->pending, true);
    (void)answer_signing(e);
    if (e->ended != 1 || e->freed != 1)
        fault("ended %d times, freed %d times", e->ended, e->freed);
}

static void finish(void)
{
    if (end_is_alive(&ends[NACRE_CLIENT]))
        nacre_session_disconnect(ends[NACRE_CLIENT].session, NACRE_WE_CLOSED, "done");
    go_on();
    finish_end(&ends[NACRE_SERVER]);
    finish_end(&ends[NACRE_CLIENT]);
}

static void tell_everything(void)
{
    struct nacre_endpoint_config configs[2];

    prepare(configs);
    configs[NACRE_CLIENT].channels_max = 3;
    start(configs);
    go_on();
    open_channel(NACRE_CLIENT, "session");
    open_channel(NACRE_CLIENT, "refused");
    open_channel(NACRE_CLIENT, "unknown");
    go_on();
    open_channel(NACRE_CLIENT, "later");
    open_channel(NACRE_SERVER, "session");
    go_on();
    open_channel(NACRE_SERVER, "session"); /* one too many */
    go_on();
    send_requests();
    send_data();
    close_channels();
    finish();
}

/* The client opens more than the server allows. */
static void tell_of_a_limit(void)
{
    struct nacre_endpoint_config configs[2];

    prepare(configs);
    configs[NACRE_SERVER].channels_max = 1;
    start(configs);
    go_on();
    open_channel(NACRE_CLIENT, "session");
    open_channel(NACRE_CLIENT, "session");
    go_on();
    finish();
}

static void tell_of_a_mismatch(void)
{
    struct nacre_endpoint_config configs[2];

    prepare(configs);
    configs[NACRE_SERVER].ciphers = "aes128-ctr";
    configs[NACRE_CLIENT].ciphers = "aes256-ctr";
    start(configs);
    go_on();
    finish();
}

void add_tests(struct suite *suite)
{
    static void (*const stories[])(void) = {tell_everything, tell_of_a_limit, tell_of_a_mismatch,
                                            NULL};

    add_callback_tests(suite, stories, true);
}
