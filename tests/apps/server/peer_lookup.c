/* Which channels and global requests of a client its server's program answers itself, and which are
 * forwards. The callbacks of a session are called here. */
#include "apps/forward/forwards.h"
#include "apps/server/parts.h"
#include "apps/session/parts.h"
#include "connection/parts.h"
#include "tests/support/client_story.h"
#include "tests/support/sockets.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct served served;
static struct nacre_target where = {.host = "127.0.0.1"};
static int client;
static unsigned asked;
static const struct nacre_channel_app session_app, own_app;

static const struct nacre_channel_app *look_up(void *context, const char *type)
{
    ck_assert_ptr_eq(context, served.server->workers[0].peers);
    asked++;
    return strcmp(type, "own@example.com") == 0 ? &own_app : NULL;
}

static enum nacre_answer on_request(void *context, const struct nacre_global_request *request,
                                    uint32_t *port)
{
    ck_assert_ptr_eq(context, served.server->workers[0].peers);
    ck_assert_ptr_nonnull(request);
    ck_assert_ptr_nonnull(port);
    asked++;
    return NACRE_GRANT;
}

static bool may_listen(void *context, const struct nacre_target *target)
{
    (void)context;
    (void)target;
    return true;
}

static const struct nacre_forwarding forwarding = {.may_listen = may_listen};

/* A server with one connection. */
static void begin(struct nacre_server_config config)
{
    config.version = NACRE_VERSION_NUMBER;
    config.session = &session_app;
    config.admission = &(struct nacre_admission){.no_penalties = true};
    make_server(&served, config);
    where.port = (uint32_t)strtoul(strrchr(address(&served), ':') + 1, NULL, 10);
    ck_assert(nacre_server_run_once(served.server, 0));
    client = connect_to(&where);
    for (int i = 0; i < 2; i++)
        ck_assert(nacre_server_run_once(served.server, 0));
    ck_assert_ptr_nonnull(served.server->workers[0].peers);
    asked = 0;
}

static void end(void)
{
    (void)close(client);
    nacre_server_free(served.server);
    nacre_key_free(served.key);
}

static const struct nacre_endpoint_config *callbacks(void)
{
    return &served.server->latest->endpoints[0]->config;
}

static struct nacre_peer *peer(void)
{
    return served.server->workers[0].peers;
}

START_TEST(without_forwarding_the_programs_callbacks_are_the_sessions)
{
    begin((struct nacre_server_config){.lookup = look_up, .global_request = on_request});
    ck_assert(callbacks()->lookup == look_up);
    ck_assert(callbacks()->global_request == on_request);
    ck_assert_ptr_eq(callbacks()->session, &session_app);
    end();
}
END_TEST

/* `session` counts only without `lookup`. */
START_TEST(channels_that_the_program_does_not_know_may_be_forwards)
{
    static const struct {
        const char *type;
        const struct nacre_channel_app *without_lookup, *with_lookup;
    } rows[] = {{"session", &session_app, NULL}, {"own@example.com", NULL, &own_app}};
    const bool has_lookup = _i == 1;

    begin((struct nacre_server_config){.forwarding = &forwarding,
                                       .lookup = has_lookup ? look_up : NULL});
    for (size_t i = 0; i < 2; i++)
        ck_assert_ptr_eq(callbacks()->lookup(peer(), rows[i].type),
                         has_lookup ? rows[i].with_lookup : rows[i].without_lookup);
    ck_assert_uint_eq(asked, has_lookup ? 2 : 0);
    ck_assert_ptr_nonnull(callbacks()->lookup(peer(), "direct-tcpip"));
    ck_assert_ptr_null(callbacks()->lookup(peer(), "forwarded-tcpip")); /* of clients */
    end();
}
END_TEST

static struct nacre_global_request request(enum nacre_global_kind kind, const char *name)
{
    struct nacre_global_request r = {.kind = kind, .name = name};

    (void)strcpy(r.host, "127.0.0.1");
    return r;
}

START_TEST(requests_about_forwards_are_not_the_programs)
{
    const struct nacre_global_request listen = request(NACRE_GLOBAL_FORWARD, "tcpip-forward"),
                                      other = request(NACRE_GLOBAL_OTHER, "own@example.com");
    const bool has_callback = _i == 1;
    uint32_t port = 0;

    begin((struct nacre_server_config){.forwarding = &forwarding,
                                       .global_request = has_callback ? on_request : NULL});
    ck_assert_int_eq(callbacks()->global_request(peer(), &other, &port),
                     has_callback ? NACRE_GRANT : NACRE_REFUSE);
    ck_assert_uint_eq(asked, has_callback);
    ck_assert_int_eq(callbacks()->global_request(peer(), &listen, &port), NACRE_GRANT);
    ck_assert_uint_ne(port, 0);
    ck_assert_uint_eq(asked, has_callback);
    end();
}
END_TEST

/* What ends with the session makes no new forwards. */
START_TEST(a_session_that_has_ended_has_no_forwards)
{
    const struct nacre_global_request listen = request(NACRE_GLOBAL_FORWARD, "tcpip-forward");
    uint32_t port = 0;

    begin((struct nacre_server_config){.forwarding = &forwarding});
    ck_assert_ptr_nonnull(nacre_peer_forwards(peer()));
    ck_assert_ptr_eq(nacre_peer_forwards(peer()), peer()->forwards);
    nacre_session_disconnect(peer()->pump.session, NACRE_WE_CLOSED, "enough");
    ck_assert_ptr_null(peer()->forwards);
    ck_assert_ptr_null(nacre_peer_forwards(peer()));
    ck_assert_ptr_null(callbacks()->lookup(peer(), "direct-tcpip"));
    ck_assert_int_eq(callbacks()->global_request(peer(), &listen, &port), NACRE_REFUSE);
    end();
}
END_TEST

/* ---- who pays ---- */

static const struct nacre_budget *charged(void)
{
    return peer()->pump.session->connection->account;
}

START_TEST(the_source_pays_until_the_login_and_then_the_user)
{
    struct accounts *accounts;
    struct account *source, *user;

    begin((struct nacre_server_config){.forwarding = NULL});
    accounts = served.server->accounts;
    source =
        accounts_enter(accounts, ACCOUNT_SOURCE, peer()->ticket.key, sizeof peer()->ticket.key);
    user = accounts_enter(accounts, ACCOUNT_USER, "alice", 5);
    ck_assert_ptr_eq(charged(), account_budget(source));
    ck_assert_uint_eq(accounts_count(accounts, source), 2);
    callbacks()->authenticated(peer(), "alice");
    ck_assert_ptr_eq(charged(), account_budget(user));
    ck_assert_uint_eq(accounts_count(accounts, source), 1);
    ck_assert_uint_eq(accounts_count(accounts, user), 2);
    ck_assert(peer()->logged_in);
    ck_assert_uint_eq(nacre_server_counter(served.server, NACRE_COUNT_LOGINS), 1);
    accounts_leave(accounts, source);
    accounts_leave(accounts, user);
    end();
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, without_forwarding_the_programs_callbacks_are_the_sessions);
    add_loop(suite, channels_that_the_program_does_not_know_may_be_forwards, 0, 2);
    add_loop(suite, requests_about_forwards_are_not_the_programs, 0, 2);
    add_test(suite, a_session_that_has_ended_has_no_forwards);
    add_test(suite, the_source_pays_until_the_login_and_then_the_user);
}
