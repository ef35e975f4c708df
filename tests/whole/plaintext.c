/* What is left of passwords and of channels' data in the memory of a session: nothing, once it has
 * been used; after a bulk transfer, nothing a second later. */
#include "tests/support/hoard.h"
#include "tests/support/pair.h"
#include "tests/support/recorder.h"
#include "tests/support/suite.h"
#include "transport/pool.h"

#include <stdlib.h>
#include <string.h>

enum { LARGE = 100 * 1024, SECOND = 1000 };

static struct pair p;
static struct hoard server, client;
static uint8_t large[LARGE]; /* with the secret in each part */

static const char secret[] = "the colour of the mother-of-pearl";

static bool left_when_freed;

static void on_freed(void *context)
{
    left_when_freed = context == &p.server && hoard_holds(&server);
}

static void begin(void)
{
    hoard_init(&server, bytes_of(secret));
    hoard_init(&client, bytes_of(secret));
    pair_init(&p, 7);
    recorder_reset();
    p.server_config.memory = &server.memory;
    p.client_config.memory = &client.memory;
    p.server_config.session = &recorder_app;
    p.server_config.freed = on_freed;
    for (size_t at = 0; at < LARGE; at++)
        large[at] = (uint8_t)secret[at % (sizeof secret - 1)];
}

static void finish(void)
{
    pair_clear(&p);
    recorder_clear();
    ck_assert(!server.leaked && !client.leaked);
    ck_assert_uint_eq(server.count + client.count, 0);
}

/* As the owner of a socket does when nothing more was received. */
static void settle(void)
{
    pair_run(&p);
    nacre_session_received(p.server.session, 0, p.now_ms);
    nacre_session_received(p.client.session, 0, p.now_ms);
}

static void keep_asking(void *context, const struct nacre_ask *ask)
{
    (void)context;
    (void)ask;
}

static void check_password(void *context, struct nacre_decision *d, const char *user,
                           const char *password)
{
    (void)context;
    (void)user;
    nacre_decide(d, strcmp(password, secret) == 0);
}

/* ... nor of one that was wrong, while the session goes on. */
START_TEST(nothing_is_left_of_a_password)
{
    begin();
    p.policy.password = check_password;
    p.client_config.password = _i == 0 ? secret : "another";
    p.client_config.ask = keep_asking;
    pair_start(&p);
    server.secret = client.secret = bytes_of(p.client_config.password);
    settle();
    ck_assert_int_eq(p.server.authenticated, _i == 0);
    ck_assert(!p.server.ended);
    ck_assert(!hoard_holds(&server));
    ck_assert(!hoard_holds(&client));
    finish();
}
END_TEST

START_TEST(nothing_is_left_of_a_line)
{
    struct nacre_channel *ch;

    begin();
    pair_start(&p);
    ch = pair_open(&p);
    (void)nacre_channel_write(ch, secret, sizeof secret);
    settle();
    ck_assert_uint_eq(recorder.len, sizeof secret);
    ck_assert(!hoard_holds(&server));
    ck_assert(!hoard_holds(&client));
    finish();
}
END_TEST

/* A large block may keep it, because it is most likely used again at once; but not for long. */
START_TEST(nothing_is_left_of_a_transfer_a_second_later)
{
    struct nacre_channel *ch;

    begin();
    pair_start(&p);
    ch = pair_open(&p);
    for (size_t sent = 0; sent < LARGE; settle())
        sent += nacre_channel_write(ch, large + sent, LARGE - sent);
    ck_assert_uint_eq(recorder.len, LARGE);
    ck_assert_uint_le(nacre_session_deadline(p.server.session), p.now_ms + SECOND);
    pair_pass(&p, SECOND);
    settle();
    ck_assert(!hoard_holds(&server));
    ck_assert(!hoard_holds(&client));
    ck_assert_uint_gt(nacre_session_deadline(p.server.session), p.now_ms + SECOND);
    finish();
}
END_TEST

/* The application accepts nothing at first. */
START_TEST(nothing_is_left_of_what_was_buffered)
{
    struct nacre_channel *ch;

    begin();
    pair_start(&p);
    ch = pair_open(&p);
    recorder.take = 0;
    for (size_t sent = 0, n = 1; n > 0; settle()) {
        n = nacre_channel_write(ch, large + sent, _i == 0 ? 1000 : LARGE - sent);
        sent += n;
        n = _i == 0 ? 0 : n;
    }
    pair_pass(&p, SECOND);
    ck_assert(hoard_holds(&server));
    recorder.take = SIZE_MAX;
    nacre_channel_resume(recorder.ch);
    nacre_session_tick(p.server.session, p.now_ms);
    ck_assert_uint_eq(recorder.len, _i == 0 ? 1000 : LARGE);
    settle();
    if (_i == 1)
        pair_pass(&p, SECOND);
    ck_assert(!hoard_holds(&server));
    finish();
}
END_TEST

/* The end of the session comes first, of the channel or of the connection. */
START_TEST(nothing_is_left_when_the_session_ends)
{
    struct nacre_channel *ch;

    begin();
    pair_start(&p);
    ch = pair_open(&p);
    recorder.take = 0;
    for (size_t sent = 0, n = 1; n > 0; settle()) {
        n = nacre_channel_write(ch, large + sent, LARGE - sent);
        sent += n;
    }
    ck_assert(hoard_holds(&server));
    if (_i == 0) {
        nacre_session_lost(p.server.session);
        ck_assert(!hoard_holds(&server));
    }
    finish(); /* frees both sessions, and then their pools */
    ck_assert(!left_when_freed);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, nothing_is_left_of_a_password, 0, 2);
    add_test(suite, nothing_is_left_of_a_line);
    add_test(suite, nothing_is_left_of_a_transfer_a_second_later);
    add_loop(suite, nothing_is_left_of_what_was_buffered, 0, 2);
    add_loop(suite, nothing_is_left_when_the_session_ends, 0, 2);
}
