/* Channels that a bastion passes on to another session, in both directions. */
#include "tests/support/pair.h"
#include "tests/support/scarce.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static struct pair front, back; /* client and bastion; bastion and upstream */
static struct nacre_end why;    /* of the channel, for the side that opens it */
static unsigned closed;

static enum nacre_answer pass_to_upstream(struct nacre_channel *ch)
{
    return nacre_session_pass_on(back.client.session, ch);
}

static enum nacre_answer pass_to_client(struct nacre_channel *ch)
{
    return nacre_session_pass_on(front.server.session, ch);
}

static enum nacre_answer note_open(struct nacre_channel *ch)
{
    size_t len;
    const uint8_t *data = nacre_channel_open_data(ch, &len);

    end_note(nacre_channel_context(ch), "%s %.*s;", nacre_channel_type(ch), (int)len,
             (const char *)data);
    return NACRE_GRANT;
}

static size_t write_back(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    return nacre_channel_write(ch, data, len);
}

static const struct nacre_channel_app *lookup(void *context, const char *type)
{
    static const struct nacre_channel_app up = {.open = pass_to_upstream};
    static const struct nacre_channel_app down = {.open = pass_to_client};
    static const struct nacre_channel_app end = {.open = note_open, .data = write_back};

    (void)type;
    return context == &front.server ? &up : context == &back.client ? &down : &end;
}

static enum nacre_answer write_hello(struct nacre_channel *ch)
{
    ck_assert_uint_eq(nacre_channel_write(ch, "hello", 5), 5);
    return NACRE_GRANT;
}

static size_t check_hello(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    ck_assert_uint_eq(len, 5);
    ck_assert_mem_eq(data, "hello", 5);
    nacre_channel_close(ch);
    return len;
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *end)
{
    (void)ch;
    why = *end;
    closed++;
}

static void run(void)
{
    bool moved;

    do {
        moved = pair_step(&front);
        moved = pair_step(&back) || moved;
    } while (moved);
}

static void start_with(const struct nacre_channel_app *(*bastion)(void *, const char *),
                       const struct nacre_memory *memory)
{
    pair_init(&front, 1);
    pair_init(&back, 2);
    front.server_config.memory = memory;
    front.server_config.lookup = bastion;
    back.client_config.lookup = lookup;
    front.client_config.lookup = back.server_config.lookup = lookup;
    pair_start(&front);
    pair_start(&back);
    run();
    ck_assert(front.client.authenticated && back.client.authenticated);
    closed = 0;
}

static void start(void)
{
    start_with(lookup, NULL);
}

static void open_at(const struct end *e, const char *type)
{
    static const struct nacre_channel_app app = {
        .open = write_hello, .data = check_hello, .closed = on_closed};

    ck_assert_ptr_nonnull(
        nacre_session_open_channel(e->session, type, &app, NULL, "what follows", 12));
    run();
    ck_assert_uint_eq(closed, 1);
}

static void finish(void)
{
    ck_assert_uint_eq(nacre_session_channel_count(front.server.session), 0);
    ck_assert_uint_eq(nacre_session_channel_count(back.client.session), 0);
    pair_clear(&front);
    pair_clear(&back);
}

static const struct {
    const char *type;
    bool from_client;
} kinds[] = {
    {"session", true},          {"direct-tcpip", true}, {"tunnel@example.com", true},
    {"forwarded-tcpip", false}, {"x11", false},         {"auth-agent@openssh.com", false},
};

START_TEST(a_channel_of_any_type_is_passed_on_with_its_data)
{
    char expected[100];

    start();
    open_at(kinds[_i].from_client ? &front.client : &back.server, kinds[_i].type);
    (void)snprintf(expected, sizeof expected, "%s what follows;", kinds[_i].type);
    ck_assert_str_eq(kinds[_i].from_client ? back.server.log : front.client.log, expected);
    ck_assert_int_eq(why.cause, NACRE_WE_CLOSED);
    finish();
}
END_TEST

static enum nacre_answer pass_to_nobody(struct nacre_channel *ch)
{
    return nacre_session_pass_on(NULL, ch);
}

static const struct nacre_channel_app *lookup_nobody(void *context, const char *type)
{
    static const struct nacre_channel_app app = {.open = pass_to_nobody};

    (void)context;
    (void)type;
    return &app;
}

START_TEST(a_channel_is_refused_without_a_session_to_pass_it_on_to)
{
    start();
    nacre_session_lost(back.client.session);
    open_at(&front.client, "session");
    ck_assert_int_eq(why.cause, NACRE_OPEN_REFUSED);
    finish();
}
END_TEST

START_TEST(a_channel_may_be_passed_on_to_no_session)
{
    pair_init(&front, 1);
    front.server_config.lookup = lookup_nobody;
    pair_start(&front);
    pair_run(&front);
    closed = 0;
    pair_init(&back, 2);
    pair_start(&back);
    open_at(&front.client, "session");
    ck_assert_int_eq(why.cause, NACRE_OPEN_REFUSED);
    finish();
}
END_TEST

static struct scarce scarce; /* of the bastion, for clients */

static enum nacre_answer pass_without_memory(struct nacre_channel *ch)
{
    scarce.refuse_at = scarce.count + 1;
    return pass_to_upstream(ch);
}

static const struct nacre_channel_app *lookup_scarce(void *context, const char *type)
{
    static const struct nacre_channel_app app = {.open = pass_without_memory};

    (void)context;
    (void)type;
    return &app;
}

/* The upstream's channel has been asked for by then. */
START_TEST(a_channel_that_cannot_be_joined_ends_at_both_ends)
{
    scarce_init(&scarce, 0, false);
    start_with(lookup_scarce, &scarce.memory);
    open_at(&front.client, "session");
    ck_assert(scarce.refused);
    ck_assert_int_eq(why.cause, NACRE_OPEN_REFUSED);
    ck_assert_str_eq(back.server.log, "session what follows;");
    ck_assert_uint_eq(nacre_session_channel_count(back.server.session), 0);
    finish();
    ck_assert_uint_eq(scarce.in_use, 0);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, a_channel_of_any_type_is_passed_on_with_its_data, 0,
             sizeof kinds / sizeof kinds[0]);
    add_test(suite, a_channel_is_refused_without_a_session_to_pass_it_on_to);
    add_test(suite, a_channel_may_be_passed_on_to_no_session);
    add_test(suite, a_channel_that_cannot_be_joined_ends_at_both_ends);
}
