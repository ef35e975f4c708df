/* Budgets of memory, and sessions that share one: a server against scripts. */
#include "apps/session/budget.h"
#include "apps/session/parts.h"
#include "connection/parts.h"
#include "tests/support/recorder.h"
#include "tests/support/scripted.h"
#include "tests/support/suite.h"

#include <stdlib.h>
#include <string.h>

enum { KIB = 1024, MIB = 1024 * KIB, PACKET = CHANNEL_PACKET_MAX };

static enum nacre_limit why;

static size_t take(struct nacre_budget *b, size_t want, size_t least)
{
    why = NACRE_LIMIT_IDLE;
    return session_budget.take(b, want, least, &why);
}

/* ---- a budget alone ---- */

START_TEST(plenty_gives_what_is_wanted)
{
    struct nacre_budget *b = nacre_budget_new(8 * MIB, NULL);

    ck_assert_uint_eq(nacre_budget_used(b), 0);
    ck_assert_uint_eq(take(b, 128 * KIB, PACKET), 128 * KIB);
    ck_assert_uint_eq(take(b, 512 * KIB, 0), 512 * KIB);
    ck_assert_uint_eq(nacre_budget_used(b), 640 * KIB);
    ck_assert(!session_budget.is_low(b));
    session_budget.give(b, 640 * KIB);
    ck_assert_uint_eq(nacre_budget_used(b), 0);
    nacre_budget_free(b);
}
END_TEST

/* A window that grows may have an eighth of what is left, and nothing from the last quarter's
 * shrinking shares. */
START_TEST(no_window_takes_more_than_an_eighth_of_what_is_left)
{
    struct nacre_budget *b = nacre_budget_new(8 * MIB, NULL);

    ck_assert_uint_eq(take(b, MIB + 1, 0), 0);
    ck_assert_uint_eq(take(b, MIB, 0), MIB);
    ck_assert_uint_eq(take(b, MIB, 0), 0);
    ck_assert_uint_eq(take(b, MIB, PACKET), 7 * MIB / 8); /* whole packets */
    ck_assert_uint_eq(nacre_budget_used(b), MIB + 7 * MIB / 8);
    nacre_budget_free(b);
}
END_TEST

/* With half of that quarter left, half of what is wanted is given, if an eighth is more. */
START_TEST(a_window_in_the_last_quarter_is_smaller)
{
    struct nacre_budget *b = nacre_budget_new(36 * MIB, NULL);

    session_budget.hold(b, 36 * MIB - 9 * MIB / 2);
    ck_assert_uint_eq(take(b, 1080 * KIB, 4 * KIB), 540 * KIB);
    session_budget.give(b, 540 * KIB);
    ck_assert_uint_eq(take(b, 1200 * KIB, 4 * KIB), 576 * KIB);
    nacre_budget_free(b);
}
END_TEST

START_TEST(windows_shrink_to_one_packet_and_then_nothing_is_left)
{
    struct nacre_budget *b = nacre_budget_new(MIB, NULL);
    size_t all = 0, last = 128 * KIB, got;

    while ((got = take(b, 128 * KIB, PACKET)) > 0) {
        ck_assert_uint_le(got, last);
        ck_assert_uint_eq(got % PACKET, 0);
        last = got;
        all += got;
    }
    ck_assert_uint_eq(last, PACKET);
    ck_assert_uint_eq(all, MIB);
    ck_assert_uint_eq(nacre_budget_used(b), MIB);
    ck_assert_int_eq(why, NACRE_LIMIT_MEMORY);
    ck_assert_uint_eq(take(b, 1, 1), 0);
    session_budget.give(b, PACKET - 1);
    ck_assert_uint_eq(take(b, 128 * KIB, PACKET), 0);
    session_budget.give(b, 1);
    ck_assert_uint_eq(take(b, 128 * KIB, PACKET), PACKET);
    nacre_budget_free(b);
}
END_TEST

START_TEST(a_budget_is_low_from_three_quarters_on)
{
    struct nacre_budget *b = nacre_budget_new(400, NULL);

    session_budget.hold(b, 300);
    ck_assert(!session_budget.is_low(b));
    session_budget.hold(b, 1);
    ck_assert(session_budget.is_low(b));
    session_budget.hold(b, 1000); /* more than there is */
    ck_assert_uint_eq(nacre_budget_used(b), 1301);
    ck_assert_uint_eq(take(b, 1, 1), 0);
    ck_assert(session_budget.is_low(b));
    nacre_budget_free(b);
}
END_TEST

START_TEST(a_part_takes_from_the_whole_too)
{
    struct nacre_budget *whole = nacre_budget_new(MIB, NULL);
    struct nacre_budget *one = nacre_budget_new(256 * KIB, whole);
    struct nacre_budget *other = nacre_budget_new(16 * MIB, whole);

    while (take(one, PACKET, PACKET) > 0)
        ;
    ck_assert_int_eq(why, NACRE_LIMIT_USER_MEMORY);
    ck_assert_uint_eq(nacre_budget_used(one), 256 * KIB);
    ck_assert_uint_eq(nacre_budget_used(whole), 256 * KIB);
    ck_assert(session_budget.is_low(one) && !session_budget.is_low(other));
    while (take(other, PACKET, PACKET) > 0)
        ;
    ck_assert_int_eq(why, NACRE_LIMIT_MEMORY);
    ck_assert_uint_eq(nacre_budget_used(other), 768 * KIB);
    ck_assert_uint_eq(nacre_budget_used(whole), MIB);
    ck_assert(session_budget.is_low(other));
    session_budget.give(one, 256 * KIB);
    ck_assert_uint_eq(nacre_budget_used(whole), 768 * KIB);
    nacre_budget_free(other);
    nacre_budget_free(one);
    nacre_budget_free(whole);
}
END_TEST

/* ---- sessions ---- */

static struct scripted s;
static struct nacre_budget *budget;
static unsigned met[NACRE_LIMITS];

static void on_limited(void *context, enum nacre_limit limit)
{
    (void)context;
    met[limit]++;
}

static const struct nacre_observer observer = {.limited = on_limited};

/* A server that has logged in, and whose channels are the recorder's. */
static void begin(uint64_t bytes)
{
    memset(met, 0, sizeof met);
    recorder_reset();
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_config.observer = &observer;
    s.pair.server_config.session = &recorder_app;
    budget = nacre_budget_new(bytes, NULL);
    scripted_login(&s);
    nacre_session_set_budget(s.real->session, budget);
}

/* Everything that was taken is given back. */
static void finish(void)
{
    scripted_clear(&s);
    recorder_clear();
    ck_assert_uint_eq(nacre_budget_used(budget), 0);
    nacre_budget_free(budget);
}

/* The window of a new channel; 0: refused for a shortage. */
static uint32_t open_one(uint32_t id)
{
    struct reader r;

    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", id, 60000, 60000);
    scripted_run(&s);
    r = read_from((struct bytes){s.last + 1, s.last_len - 1});
    s.log[0] = 0;
    ck_assert_uint_eq(read_u32(&r), id);
    if (s.last[0] == SSH_MSG_CHANNEL_OPEN_FAILURE) {
        ck_assert_uint_eq(read_u32(&r), NACRE_REASON_SHORTAGE);
        return 0;
    }
    ck_assert_uint_eq(s.last[0], SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
    (void)read_u32(&r);
    return read_u32(&r);
}

static void send_data(uint32_t id, size_t len)
{
    static const uint8_t zeros[PACKET];

    for (size_t n; len > 0; len -= n) {
        n = len < PACKET ? len : PACKET;
        scripted_send(&s, SSH_MSG_CHANNEL_DATA, "uS", id, zeros, n);
        scripted_run(&s);
    }
    s.log[0] = 0;
}

static void pass(uint64_t ms)
{
    s.pair.now_ms += ms;
    nacre_session_tick(s.real->session, s.pair.now_ms);
    scripted_run(&s);
    s.log[0] = 0;
}

START_TEST(channels_get_smaller_windows_and_are_refused_at_last)
{
    uint32_t opened = 0, window, last = WINDOW_INITIAL, all = 0;

    begin(MIB);
    ck_assert_uint_eq(open_one(0), WINDOW_INITIAL);
    all = WINDOW_INITIAL;
    while ((window = open_one(++opened)) > 0) {
        ck_assert_uint_le(window, last);
        last = window;
        all += window;
        ck_assert_uint_eq(nacre_budget_used(budget), all);
    }
    ck_assert_uint_eq(last, PACKET);
    ck_assert_uint_eq(all, MIB);
    ck_assert_uint_eq(met[NACRE_LIMIT_MEMORY], 1);
    ck_assert_uint_ge(met[NACRE_LIMIT_LOW_MEMORY], 1);
    send_data(0, WINDOW_INITIAL); /* what was granted stays granted */
    ck_assert_uint_eq(recorder.len, WINDOW_INITIAL);
    scripted_send(&s, SSH_MSG_CHANNEL_CLOSE, "u", 0);
    scripted_run(&s);
    ck_assert_uint_gt(open_one(100), 0);
    finish();
}
END_TEST

START_TEST(what_comes_with_an_open_is_counted)
{
    static const uint8_t data[20000];

    begin(MIB);
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuux", "session", 1, 1, 1, data, sizeof data);
    scripted_expect(&s, "confirmation 1;");
    ck_assert_uint_eq(nacre_budget_used(budget), WINDOW_INITIAL + sizeof data);
    session_budget.hold(budget, MIB - WINDOW_INITIAL - sizeof data - PACKET);
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuux", "session", 2, 1, 1, data, sizeof data);
    scripted_expect(&s, "open-failure 2 4;");
    ck_assert_uint_eq(nacre_budget_used(budget), MIB - PACKET);
    session_budget.give(budget, MIB - WINDOW_INITIAL - sizeof data - PACKET);
    finish();
}
END_TEST

/* The window goes down to one packet, and grows again when others have given memory back. */
START_TEST(bytes_are_granted_again_later_when_memory_is_short)
{
    begin(4 * MIB);
    ck_assert_uint_eq(open_one(0), WINDOW_INITIAL);
    session_budget.hold(budget, 3 * MIB);
    send_data(0, WINDOW_INITIAL);
    ck_assert_uint_eq(recorder.len, WINDOW_INITIAL);
    ck_assert_uint_eq(nacre_budget_used(budget), 3 * MIB + PACKET);
    ck_assert_uint_le(s.got[0].adjusted, PACKET);
    ck_assert_uint_gt(met[NACRE_LIMIT_LOW_MEMORY], 0);
    ck_assert_uint_eq(met[NACRE_LIMIT_MEMORY], 0);
    for (int i = 0; i < 20; i++) /* one packet at a time continues to work */
        send_data(0, PACKET / 2);
    ck_assert_uint_eq(recorder.len, WINDOW_INITIAL + 10 * PACKET);
    pass(1000);
    ck_assert_uint_eq(nacre_budget_used(budget), 3 * MIB + PACKET);
    session_budget.give(budget, MIB);
    ck_assert_uint_le(nacre_session_deadline(s.real->session), s.pair.now_ms + 1000);
    s.got[0].adjusted = 0;
    pass(1000);
    ck_assert_uint_eq(nacre_budget_used(budget), 2 * MIB + WINDOW_INITIAL);
    ck_assert_uint_ge(s.got[0].adjusted, WINDOW_INITIAL - PACKET);
    ck_assert_uint_gt(nacre_session_deadline(s.real->session), s.pair.now_ms + 1000);
    session_budget.give(budget, 2 * MIB);
    finish();
}
END_TEST

START_TEST(no_window_grows_while_memory_is_short)
{
    begin(4 * MIB);
    ck_assert_uint_eq(open_one(0), WINDOW_INITIAL);
    if (_i == 0)
        session_budget.hold(budget, 3 * MIB + MIB / 2);
    for (int i = 0; i < 100; i++)
        send_data(0, PACKET / 2);
    if (_i == 0)
        ck_assert_uint_eq(nacre_budget_used(budget), 3 * MIB + MIB / 2 + PACKET);
    else
        ck_assert_uint_eq(nacre_budget_used(budget), 512 * KIB); /* more would be over an eighth */
    /* the window has not grown by more than was taken for it */
    ck_assert_uint_le(s.got[0].adjusted,
                      (size_t)50 * PACKET + (_i == 0 ? 0 : 512 * KIB - WINDOW_INITIAL));
    if (_i == 0)
        session_budget.give(budget, 3 * MIB + MIB / 2);
    finish();
}
END_TEST

/* The budget pays for what the session holds already. */
START_TEST(a_session_changes_its_budget)
{
    struct nacre_budget *user = nacre_budget_new(2 * MIB, NULL);

    begin(4 * MIB);
    ck_assert_uint_eq(open_one(0), WINDOW_INITIAL);
    nacre_session_set_budget(s.real->session, user);
    ck_assert_uint_eq(nacre_budget_used(user), WINDOW_INITIAL);
    ck_assert_uint_eq(nacre_budget_used(budget), 0);
    nacre_session_set_budget(s.real->session, NULL);
    ck_assert_uint_eq(nacre_budget_used(user), 0);
    ck_assert_uint_eq(open_one(1), WINDOW_INITIAL);
    nacre_session_set_budget(s.real->session, budget);
    ck_assert_uint_eq(nacre_budget_used(budget), 2 * WINDOW_INITIAL);
    nacre_budget_free(user);
    finish();
}
END_TEST

/* ---- input ---- */

/* Deliver the first `part` bytes of the sealed message; the rest stays on the way. */
static void send_part(size_t len, size_t part)
{
    static const uint8_t data[60000];
    struct bytes out;
    size_t room;
    uint8_t *at;

    scripted_send(&s, SSH_MSG_IGNORE, "S", data, len);
    out = transport_output(&s.t);
    ck_assert_uint_ge(out.len, part);
    for (size_t sent = 0, n; sent < part; sent += n) {
        at = nacre_session_input(s.real->session, &room);
        n = room < part - sent ? room : part - sent;
        memcpy(at, out.at + sent, n);
        nacre_session_received(s.real->session, n, s.pair.now_ms);
    }
    transport_sent(&s.t, part);
}

START_TEST(input_that_no_window_allowed_is_counted)
{
    begin(MIB);
    send_part(50000, 4096);
    ck_assert_uint_eq(nacre_budget_used(budget), 0);
    scripted_run(&s);
    send_part(50000, 4097);
    ck_assert_uint_eq(nacre_budget_used(budget), BLOCK_LARGE);
    scripted_run(&s);
    ck_assert_uint_eq(nacre_budget_used(budget), 0);
    ck_assert_uint_eq(open_one(0), WINDOW_INITIAL); /* which allows it */
    send_part(50000, 40000);
    ck_assert_uint_eq(nacre_budget_used(budget), WINDOW_INITIAL);
    scripted_run(&s);
    finish();
}
END_TEST

START_TEST(input_that_the_budget_does_not_have_ends_the_session)
{
    begin(MIB);
    session_budget.hold(budget, MIB - BLOCK_LARGE + (size_t)_i);
    send_part(50000, 40000);
    ck_assert_int_eq(s.real->ended, _i == 1);
    ck_assert_uint_eq(met[NACRE_LIMIT_MEMORY], (unsigned)_i);
    if (_i == 1)
        ck_assert_int_eq(s.real->why.cause, NACRE_OUT_OF_RESOURCES);
    session_budget.give(budget, MIB - BLOCK_LARGE + (size_t)_i);
    finish();
}
END_TEST

/* ---- large packets ---- */

static uint8_t large[PACKET_LENGTH_LARGE + 100];

/* A message that needs nearly the longest packet, sealed. Returns its bytes. */
static size_t seal_large(void)
{
    enum { MESSAGE = PACKET_LENGTH_LARGE - 300 };

    memset(large, 0, sizeof large);
    large[PACKET_HEADER] = SSH_MSG_IGNORE;
    store_u32(large + PACKET_HEADER + 1, MESSAGE - 5);
    return packet_seal(&s.t.sending, s.t.config->random, large, MESSAGE);
}

static void deliver_large(size_t len)
{
    for (size_t sent = 0, n, room; sent < len; sent += n) {
        uint8_t *at = nacre_session_input(s.real->session, &room);

        ck_assert_ptr_nonnull(at);
        n = room < len - sent ? room : len - sent;
        memcpy(at, large + sent, n);
        nacre_session_received(s.real->session, n, s.pair.now_ms);
    }
}

/* The length alone makes us take a block of 389 KiB. */
START_TEST(the_block_for_a_large_packet_is_counted_until_it_is_given_back)
{
    begin(4 * MIB);
    ck_assert_uint_eq(open_one(0), WINDOW_INITIAL);
    (void)seal_large();
    deliver_large(64);
    ck_assert_uint_eq(nacre_budget_used(budget), WINDOW_INITIAL + BLOCK_HUGE);
    finish();
    begin(4 * MIB);
    deliver_large(seal_large());
    ck_assert(!s.real->ended);
    ck_assert_uint_eq(nacre_budget_used(budget), 0);
    finish();
}
END_TEST

START_TEST(a_large_packet_that_the_budget_does_not_have_ends_the_session)
{
    begin(4 * MIB);
    session_budget.hold(budget, 4 * MIB - BLOCK_HUGE + (size_t)_i);
    (void)seal_large();
    deliver_large(64);
    ck_assert_int_eq(s.real->ended, _i == 1);
    ck_assert_uint_eq(met[NACRE_LIMIT_MEMORY], (unsigned)_i);
    session_budget.give(budget, 4 * MIB - BLOCK_HUGE + (size_t)_i);
    finish();
}
END_TEST

START_TEST(a_stranger_is_charged_for_input_too)
{
    scripted_init(&s, NACRE_SERVER);
    budget = nacre_budget_new(MIB, NULL);
    scripted_start(&s);
    nacre_session_set_budget(s.real->session, budget);
    send_part(50000, 40000);
    ck_assert_uint_eq(nacre_budget_used(budget), BLOCK_LARGE);
    scripted_clear(&s);
    ck_assert_uint_eq(nacre_budget_used(budget), 0);
    nacre_budget_free(budget);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, plenty_gives_what_is_wanted);
    add_test(suite, no_window_takes_more_than_an_eighth_of_what_is_left);
    add_test(suite, a_window_in_the_last_quarter_is_smaller);
    add_test(suite, windows_shrink_to_one_packet_and_then_nothing_is_left);
    add_test(suite, a_budget_is_low_from_three_quarters_on);
    add_test(suite, a_part_takes_from_the_whole_too);
    add_test(suite, channels_get_smaller_windows_and_are_refused_at_last);
    add_test(suite, what_comes_with_an_open_is_counted);
    add_test(suite, bytes_are_granted_again_later_when_memory_is_short);
    add_loop(suite, no_window_grows_while_memory_is_short, 0, 2);
    add_test(suite, a_session_changes_its_budget);
    add_test(suite, input_that_no_window_allowed_is_counted);
    add_loop(suite, input_that_the_budget_does_not_have_ends_the_session, 0, 2);
    add_test(suite, the_block_for_a_large_packet_is_counted_until_it_is_given_back);
    add_loop(suite, a_large_packet_that_the_budget_does_not_have_ends_the_session, 0, 2);
    add_test(suite, a_stranger_is_charged_for_input_too);
}
