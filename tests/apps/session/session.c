/* One session: what its owner sees, how it ends, and what happens without memory. */
#include "apps/session/parts.h"
#include "connection/parts.h"
#include "tests/support/recorder.h"
#include "tests/support/scarce.h"
#include "tests/support/scripted.h"
#include "tests/support/suite.h"

#include <string.h>

static struct pair p;

/* ---- without memory ---- */

/* Run the session as far as it gets. */
static void whole_session(void)
{
    struct nacre_channel *ch = NULL;

    pair_run(&p);
    if (p.client.authenticated) {
        ch =
            nacre_session_open_channel(p.client.session, "session", &recorder_app, NULL, "data", 4);
        pair_run(&p);
    }
    if (ch != NULL && recorder.ch == ch) {
        (void)nacre_channel_pty(ch, "xterm", 80, 24);
        (void)nacre_channel_env(ch, "A", "1");
        (void)nacre_channel_shell(ch);
        pair_run(&p);
    }
    if (recorder.ch != NULL) {
        (void)nacre_channel_write(recorder.ch, "hello", 5);
        pair_run(&p);
    }
    if (recorder.ch != NULL)
        nacre_channel_eof(recorder.ch);
    pair_run(&p);
    pair_pass(&p, 1000);
}

START_TEST(an_endpoint_gives_back_all_its_memory)
{
    struct scarce scarce;

    scarce_init(&scarce, 0, false);
    recorder_reset();
    pair_init(&p, 5);
    p.server_config.memory = &scarce.memory;
    pair_start(&p);
    whole_session();
    ck_assert_uint_gt(scarce.count, 0);
    ck_assert_ptr_nonnull(strstr(p.server.log, "closed we closed;"));
    pair_clear(&p);
    ck_assert_uint_eq(scarce.in_use, 0);
    recorder_clear();
}
END_TEST

START_TEST(an_idle_session_holds_no_buffers)
{
    size_t before;
    struct nacre_channel *ch;

    pair_init(&p, 5);
    pair_start(&p);
    ch = pair_open(&p);
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_DONE);
    pair_run(&p);
    nacre_session_received(p.server.session, 0, 0); /* the pair asked for space and had nothing */
    before = nacre_endpoint_memory_in_use(p.server.endpoint);
    ck_assert_uint_lt(before, BLOCK_SMALL);
    for (int i = 0; i < 100; i++) {
        ck_assert_uint_eq(nacre_channel_write(ch, "some text", 9), 9);
        pair_run(&p);
        nacre_session_received(p.server.session, 0, 0);
        ck_assert_uint_eq(nacre_endpoint_memory_in_use(p.server.endpoint), before);
    }
    pair_clear(&p);
}
END_TEST

/* A message that needs memory when there is none: an open is refused, any other ends the session.
 */
START_TEST(a_message_that_needs_memory_is_refused_or_ends_the_session)
{
    enum { OPENS = 3 }; /* allocations for an open: a larger table, the channel, its data */
    static struct scripted s;
    static struct scarce scarce;
    static const uint8_t zeros[3000];
    uint32_t ids[4];

    scarce_init(&scarce, 0, true);
    recorder_reset();
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_app = recorder_app;
    s.pair.server_config.memory = &scarce.memory;
    scripted_login(&s);
    for (uint32_t i = 0; i < 4; i++) /* the table is full: the next open needs a larger one */
        ids[i] = scripted_open(&s, i, 1000, 1000);
    recorder.take = 0;
    recorder.request = NACRE_LATER;
    scarce.refuse_at = scarce.count + 1 + (unsigned)_i % OPENS;
    scarce.for_good = _i != OPENS; /* our DISCONNECT needs a block too */
    if (_i < OPENS)
        scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuus", "session", 9, 1, 1, "data");
    else if (_i > OPENS)
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?ss", ids[0], "env", 1, "A", "1");
    for (int i = 0; _i == OPENS && i < 8 && !s.real->ended;
         i++) { /* more than the pool's free blocks hold */
        scripted_send(&s, SSH_MSG_CHANNEL_DATA, "uS", ids[i / 2], zeros, sizeof zeros);
        scripted_run(&s);
    }
    scripted_run(&s);
    if (_i < OPENS)
        ck_assert_str_eq(s.log, "open-failure 9 4;");
    else
        ck_assert_str_eq(s.log, "disconnect 11;");
    ck_assert_int_eq(s.real->ended, _i >= OPENS);
    scarce.refuse_at = 0;
    scripted_clear(&s);
    ck_assert_uint_eq(scarce.in_use, 0);
    recorder_clear();
}
END_TEST

/* ---- what the owner sees ---- */

START_TEST(a_new_session_has_its_identification_to_send)
{
    size_t len;
    const uint8_t *at;

    pair_init(&p, 5);
    pair_start(&p);
    at = nacre_session_output(p.server.session, &len);
    ck_assert_uint_gt(len, 10);
    ck_assert_mem_eq(at, "SSH-2.0-", 8);
    ck_assert_str_eq(nacre_session_phase(p.server.session), "version");
    ck_assert_str_eq(nacre_session_user(p.server.session), "");
    ck_assert_str_eq(nacre_session_peer_version(p.server.session), "");
    ck_assert_ptr_null(nacre_session_negotiated(p.server.session)->kex);
    ck_assert_ptr_null(nacre_session_ended(p.server.session));
    ck_assert_ptr_eq(nacre_session_context(p.server.session), &p.server);
    pair_clear(&p);
}
END_TEST

/* RFC 4253 section 5.1 lets the server begin the key exchange at once; a client here waits. */
START_TEST(a_server_sends_its_kexinit_without_waiting)
{
    const char *identification = "SSH-2.0-nacre_";
    const uint8_t *at, *newline;
    size_t len;

    pair_init(&p, 5);
    pair_start(&p);
    at = nacre_session_output(p.server.session, &len);
    ck_assert_mem_eq(at, identification, strlen(identification));
    newline = memchr(at, '\n', len);
    ck_assert_ptr_nonnull(newline);
    ck_assert_uint_eq(newline[1 + 4 + 1], SSH_MSG_KEXINIT); /* after both lengths */
    ck_assert_uint_eq(1 + (size_t)(newline - at) + 4 + load_u32(newline + 1), len);
    ck_assert_uint_eq(p.server.wakes, 0); /* the owner does not know it yet */
    at = nacre_session_output(p.client.session, &len);
    newline = memchr(at, '\n', len);
    ck_assert_ptr_eq(newline, at + len - 1);
    pair_clear(&p);
}
END_TEST

START_TEST(the_counters_count_bytes_sent_and_received)
{
    uint64_t in, out;

    pair_init(&p, 5);
    pair_start(&p);
    (void)pair_open(&p);
    nacre_session_counters(p.server.session, &in, &out);
    ck_assert_uint_eq(in, p.client.sent);
    ck_assert_uint_eq(out, p.server.sent);
    ck_assert_str_eq(nacre_session_user(p.server.session), "alice");
    ck_assert_str_eq(nacre_session_phase(p.server.session), "connection");
    pair_clear(&p);
}
END_TEST

START_TEST(a_session_that_is_freed_ends_as_lost)
{
    pair_init(&p, 5);
    pair_start(&p);
    (void)pair_open(&p);
    nacre_session_free(p.server.session);
    p.server.session = NULL;
    ck_assert(p.server.ended);
    ck_assert_int_eq(p.server.why.cause, NACRE_CONNECTION_LOST);
    ck_assert_str_eq(p.server.log, "open;closed connection lost;");
    pair_clear(&p);
}
END_TEST

/* RFC 4253 section 11.1: a text that is too long is cut between characters. */
START_TEST(a_long_disconnect_text_is_truncated)
{
    char text[1001];

    for (size_t i = 0; i < 1000; i += 2)
        memcpy(text + i, "\xc3\xbc", 2);
    text[1000] = 0;
    pair_init(&p, 1);
    pair_start(&p);
    pair_run(&p);
    nacre_session_disconnect(p.server.session, NACRE_WE_CLOSED, text);
    pair_run(&p);
    ck_assert_int_eq(p.client.why.cause, NACRE_DISCONNECTED);
    ck_assert_uint_gt(strlen(p.client.why_text), 200);
    ck_assert_ptr_null(strchr(p.client.why_text, '?'));
    pair_clear(&p);
}
END_TEST

START_TEST(the_end_is_reported_once_with_the_first_reason)
{
    const struct nacre_end *why;

    pair_init(&p, 5);
    pair_start(&p);
    (void)pair_open(&p);
    nacre_session_disconnect(p.server.session, NACRE_SHUTTING_DOWN, "first");
    nacre_session_disconnect(p.server.session, NACRE_TIMED_OUT, "second");
    nacre_session_lost(p.server.session);
    nacre_session_tick(p.server.session, 1000000);
    nacre_session_rekey(p.server.session);
    why = nacre_session_ended(p.server.session);
    ck_assert_ptr_nonnull(why);
    ck_assert_int_eq(why->cause, NACRE_SHUTTING_DOWN);
    ck_assert_str_eq(why->text, "first");
    ck_assert_str_eq(p.server.log, "open;closed shutting down;");
    ck_assert_uint_eq(nacre_session_deadline(p.server.session), UINT64_MAX);
    ck_assert_ptr_null(
        nacre_session_open_channel(p.server.session, "session", &p.server_app, NULL, NULL, 0));
    pair_clear(&p);
}
END_TEST

START_TEST(the_owner_is_woken_by_calls_other_than_its_own)
{
    unsigned wakes;

    pair_init(&p, 5);
    pair_start(&p);
    (void)pair_open(&p);
    wakes = p.client.wakes;
    ck_assert_ptr_nonnull(
        nacre_session_open_channel(p.client.session, "session", &p.client_app, NULL, NULL, 0));
    ck_assert_uint_gt(p.client.wakes, wakes);
    wakes = p.server.wakes;
    nacre_session_rekey(p.server.session);
    ck_assert_uint_gt(p.server.wakes, wakes);
    pair_run(&p);
    wakes = p.server.wakes;
    nacre_session_disconnect(p.server.session, NACRE_SHUTTING_DOWN, "enough");
    ck_assert_uint_gt(p.server.wakes, wakes);
    pair_clear(&p);
}
END_TEST

START_TEST(the_owner_is_not_woken_by_its_own_calls)
{
    pair_init(&p, 5);
    pair_start(&p);
    pair_run(&p);
    ck_assert_uint_eq(p.server.wakes, 0);
    ck_assert_uint_eq(p.client.wakes, 0);
    p.server.wakes = 0;
    nacre_session_lost(p.server.session);
    ck_assert_uint_eq(p.server.wakes, 0);
    pair_clear(&p);
}
END_TEST

static struct nacre_channel *unread; /* the server's channel, whose data it does not accept */

static size_t accept_nothing(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    (void)data;
    (void)len;
    unread = ch;
    return 0;
}

static void close_in_wake(void *context)
{
    (void)context;
    if (unread == NULL)
        return;
    nacre_channel_close(unread);
    unread = NULL;
    ck_assert_ptr_null(strstr(p.server.log, "closed"));
}

/* The call that woke the owner calls `closed` for it, before it returns. */
START_TEST(a_channel_that_is_closed_inside_wake_is_closed_when_the_call_returns)
{
    struct nacre_channel *ch;

    pair_init(&p, 5);
    p.server_app.data = accept_nothing;
    p.server_config.wake = close_in_wake;
    pair_start(&p);
    ch = pair_open(&p);
    unread = NULL;
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_DONE);
    ck_assert_uint_eq(nacre_channel_write(ch, "unread", 6), 6);
    nacre_channel_close(ch);
    pair_run(&p);
    ck_assert_ptr_nonnull(unread);
    ck_assert_ptr_null(strstr(p.server.log, "closed"));
    ck_assert_int_eq(
        nacre_session_global_request(p.server.session, "x@example.com", false, NULL, 0),
        NACRE_SEND_DONE);
    ck_assert_ptr_null(unread);
    ck_assert_ptr_nonnull(strstr(p.server.log, "closed"));
    pair_clear(&p);
}
END_TEST

START_TEST(the_login_grace_time_ends_with_the_login)
{
    pair_init(&p, 5);
    p.server_config.login_grace_ms = 5000;
    pair_start(&p);
    ck_assert_uint_le(nacre_session_deadline(p.server.session), 5000);
    pair_run(&p);
    ck_assert_uint_gt(nacre_session_deadline(p.server.session), 5000);
    pair_pass(&p, 10000);
    ck_assert(!p.server.ended);
    pair_clear(&p);
}
END_TEST

/* A call without a time starts it: it counts from the owner's next call. */
START_TEST(a_key_exchange_after_a_long_silence_gets_its_full_time)
{
    enum { SILENCE_MS = 1000 * 1000 };
    static const uint8_t much[12000];

    recorder_reset();
    pair_init(&p, 5);
    p.server_app = recorder_app;
    p.server_config.rekey_bytes = 10000; /* due after the write below */
    pair_start(&p);
    (void)pair_open(&p);
    p.now_ms += SILENCE_MS;
    if (_i == 0) {
        nacre_session_rekey(p.server.session);
    } else {
        ck_assert_uint_eq(nacre_channel_write(recorder.ch, much, sizeof much), sizeof much);
    }
    ck_assert(!p.server.ended);
    nacre_session_tick(p.server.session, p.now_ms);
    ck_assert(!p.server.ended);
    ck_assert_uint_eq(nacre_session_deadline(p.server.session), p.now_ms + TRANSPORT_KEX_MS);
    pair_run(&p);
    ck_assert(!p.server.ended);
    pair_clear(&p);
    recorder_clear();
}
END_TEST

START_TEST(input_after_the_end_is_ignored)
{
    size_t room;
    uint8_t *at;

    pair_init(&p, 5);
    pair_start(&p);
    (void)pair_open(&p);
    nacre_session_disconnect(p.server.session, NACRE_SHUTTING_DOWN, "enough");
    for (int i = 0; i < 1000; i++) {
        at = nacre_session_input(p.server.session, &room);
        if (room == 0)
            break;
        memset(at, 0xff, room);
        nacre_session_received(p.server.session, room, 0);
    }
    ck_assert_uint_le(nacre_endpoint_memory_in_use(p.server.endpoint), 3 * BLOCK_LARGE);
    ck_assert_int_eq(p.server.why.cause, NACRE_SHUTTING_DOWN);
    pair_clear(&p);
}
END_TEST

START_TEST(null_callbacks_are_allowed)
{
    pair_init(&p, 5);
    p.server_config.authenticated = NULL;
    p.server_config.ended = NULL;
    p.server_config.wake = NULL;
    p.server_config.session = NULL;
    pair_start(&p);
    pair_run(&p);
    ck_assert_ptr_nonnull(
        nacre_session_open_channel(p.client.session, "session", &p.client_app, NULL, NULL, 0));
    pair_run(&p);
    ck_assert_str_eq(p.client.log, "closed open refused;");
    nacre_session_disconnect(p.server.session, NACRE_SHUTTING_DOWN, "enough");
    p.server.ended = true;
    pair_clear(&p);
}
END_TEST

START_TEST(without_lookup_only_session_channels_have_an_application)
{
    pair_init(&p, 5);
    pair_start(&p);
    pair_run(&p);
    (void)nacre_session_open_channel(p.client.session, "x@example.com", &p.client_app, NULL, NULL,
                                     0);
    pair_run(&p);
    ck_assert_str_eq(p.client.log, "closed open refused;");
    (void)nacre_session_open_channel(p.server.session, "session", &p.server_app, NULL, NULL, 0);
    pair_run(&p);
    ck_assert_str_eq(p.server.log, "closed open refused;");
    (void)pair_open(&p);
    pair_clear(&p);
}
END_TEST

/* ---- key exchanges in between ---- */

/* Requests, data, EOF and CLOSE with a key exchange before each step, by either side, in one piece
 * and byte by byte. */
START_TEST(a_key_exchange_may_begin_before_every_step)
{
    struct nacre_channel *ch;
    struct end *who;

    pair_init(&p, 5);
    p.chunk = _i / 2 == 0 ? 0 : 7;
    pair_start(&p);
    who = _i % 2 == 0 ? &p.server : &p.client;
    ch = pair_open(&p);
    nacre_session_rekey(who->session);
    pair_run(&p);
    ck_assert_int_eq(nacre_channel_pty(ch, "xterm", 80, 24), NACRE_SEND_DONE);
    nacre_session_rekey(who->session);
    pair_run(&p);
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_DONE);
    nacre_session_rekey(who->session);
    pair_run(&p);
    ck_assert_uint_eq(nacre_channel_write(ch, "hello", 5), 5);
    nacre_session_rekey(who->session);
    nacre_channel_eof(ch);
    pair_step(&p);
    nacre_session_rekey(who->session);
    pair_run(&p);
    ck_assert_uint_eq(p.got_len, 5);
    ck_assert_int_eq(p.replies_good, 2);
    ck_assert_str_eq(p.server.log,
                     "open;request pty-req xterm;request shell;eof;closed we closed;");
    ck_assert_str_eq(p.client.log, "open;request exit-status;eof;close;closed peer closed;");
    pair_clear(&p);
}
END_TEST

/* Blocks of the pool that will be used again are wiped a second after a session used one. */
START_TEST(a_session_promises_to_wipe_what_it_leaves_in_the_pool)
{
    static const uint8_t data[20000];
    const struct pool *pool;
    struct nacre_channel *ch;

    pair_init(&p, 5);
    pair_start(&p);
    ch = pair_open(&p);
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_DONE);
    pair_run(&p);
    ck_assert_uint_eq(nacre_channel_write(ch, data, sizeof data), sizeof data);
    pair_run(&p);
    nacre_session_received(p.server.session, 0, 0); /* the pair asked for space and had nothing */
    pool = &p.server.endpoint->pool;
    ck_assert_uint_gt(pool->warm_count, 0);
    ck_assert(pool->wipe_promised);
    ck_assert_uint_eq(p.server.session->wipe_ms, p.now_ms + 1000);
    ck_assert_uint_le(nacre_session_deadline(p.server.session), p.now_ms + 1000);
    pair_pass(&p, 999);
    ck_assert_uint_gt(pool->warm_count, 0);
    pair_pass(&p, 1);
    ck_assert_uint_eq(pool->warm_count, 0);
    ck_assert(!pool->wipe_promised);
    ck_assert_uint_eq(p.server.session->wipe_ms, 0);
    pair_clear(&p);
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_timeout(suite, 240);
    add_loop(suite, a_message_that_needs_memory_is_refused_or_ends_the_session, 0, 6);
    add_test(suite, an_endpoint_gives_back_all_its_memory);
    add_test(suite, an_idle_session_holds_no_buffers);
    add_test(suite, a_new_session_has_its_identification_to_send);
    add_test(suite, a_server_sends_its_kexinit_without_waiting);
    add_test(suite, the_counters_count_bytes_sent_and_received);
    add_test(suite, a_session_that_is_freed_ends_as_lost);
    add_test(suite, the_end_is_reported_once_with_the_first_reason);
    add_test(suite, the_owner_is_woken_by_calls_other_than_its_own);
    add_test(suite, the_owner_is_not_woken_by_its_own_calls);
    add_test(suite, a_channel_that_is_closed_inside_wake_is_closed_when_the_call_returns);
    add_test(suite, the_login_grace_time_ends_with_the_login);
    add_loop(suite, a_key_exchange_after_a_long_silence_gets_its_full_time, 0, 2);
    add_test(suite, input_after_the_end_is_ignored);
    add_test(suite, null_callbacks_are_allowed);
    add_test(suite, without_lookup_only_session_channels_have_an_application);
    add_test(suite, a_long_disconnect_text_is_truncated);
    add_loop(suite, a_key_exchange_may_begin_before_every_step, 0, 4);
    add_test(suite, a_session_promises_to_wipe_what_it_leaves_in_the_pool);
}
