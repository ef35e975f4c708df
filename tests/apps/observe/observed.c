/* One observer calls all parts, each with its own state of the connection. */
#include "apps/observe/observed.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_MAX = 1024 };

static char log_text[LOG_MAX];

static void note(const char *format, const char *who, const char *what)
{
    size_t n = strlen(log_text);

    (void)snprintf(log_text + n, sizeof log_text - n, format, who, what);
}

/* Each test sees only what happened since. */
static void expect_log(const char *expected)
{
    ck_assert_str_eq(log_text, expected);
    log_text[0] = 0;
}

/* A part's state: a name. */
static void *open_a(const struct observed *c)
{
    char *state = malloc(LOG_MAX);

    (void)snprintf(state, LOG_MAX, "a%u", (unsigned)c->id);
    ck_assert(c->role == NACRE_CLIENT && strcmp(c->local, "here") == 0);
    note("%s opens %s;", state, c->peer);
    return state;
}

static void *open_b(const struct observed *c)
{
    return c->id == 2 ? NULL : strdup("b");
}

static void on_closed(void *state, const struct nacre_end *why)
{
    note("%s closed %s;", state, why->text);
    free(state);
}

static void on_phase(void *state, const char *phase)
{
    note("%s phase %s;", state, phase);
}

static void on_packet(void *state, enum nacre_direction direction, const uint8_t *bytes, size_t len)
{
    (void)bytes;
    (void)len;
    note("%s packet %s;", state, direction == NACRE_SENT ? "sent" : "received");
}

static void on_message(void *state, enum nacre_direction direction, uint32_t seq, const char *phase,
                       const uint8_t *payload, size_t len)
{
    ck_assert_uint_eq(seq, 7);
    ck_assert_int_eq(direction, NACRE_RECEIVED);
    ck_assert_uint_eq(len, 1);
    ck_assert_uint_eq(payload[0], 99);
    note("%s message in %s;", state, phase);
}

static void on_secret(void *state, char label, const uint8_t *bytes, size_t len)
{
    const char text[2] = {label, 0};

    ck_assert_uint_eq(len, 1);
    ck_assert_uint_eq(bytes[0], 5);
    note("%s secret %s;", state, text);
}

static void on_negotiated(void *state, const struct nacre_negotiated *choice)
{
    note("%s negotiated %s;", state, choice->kex);
}

static void on_mismatch(void *state, const char *kind, const char *client, size_t client_len,
                        const char *server, size_t server_len)
{
    ck_assert_mem_eq(client, "cl", client_len);
    ck_assert_mem_eq(server, "serv", server_len);
    note("%s mismatch %s;", state, kind);
}

static void on_limited(void *state, enum nacre_limit limit)
{
    note("%s limited %s;", state, nacre_limit_name(limit));
}

static const struct observed_part a = {.open = open_a,
                                       .sees = {.phase = on_phase,
                                                .packet = on_packet,
                                                .message = on_message,
                                                .secret = on_secret,
                                                .negotiated = on_negotiated,
                                                .mismatch = on_mismatch,
                                                .limited = on_limited},
                                       .closed = on_closed};
static const struct observed_part b = {
    .open = open_b, .sees = {.phase = on_phase}, .closed = on_closed};
static const struct nacre_observer own = {.phase = on_phase};
static const struct nacre_end over = {.text = "over"};

static void describe(void *context, struct observed *connection)
{
    observed_set(connection, NACRE_CLIENT, "here", context);
}

static const struct nacre_observer *begin(void)
{
    log_text[0] = 0;
    observed_begin(describe, &own);
    observed_add(&a);
    observed_add(&b);
    return observed_observer();
}

static void identify(const struct nacre_observer *o, char *context)
{
    o->packet(context, NACRE_SENT, (const uint8_t *)"SSH-2.0-x\r\n", 11);
}

START_TEST(a_connection_begins_with_our_identification)
{
    const struct nacre_observer *o = begin();
    char one[] = "one", two[] = "two";

    o->phase(one, "early");
    expect_log("one phase early;");
    identify(o, one);
    expect_log("a1 opens one;a1 packet sent;");
    o->phase(one, "kex");
    expect_log("one phase kex;a1 phase kex;b phase kex;");
    identify(o, two); /* b has no memory for it */
    o->phase(two, "kex");
    expect_log("a2 opens two;a2 packet sent;two phase kex;a2 phase kex;");
    ck_assert_uint_eq(observed_count(), 2);
    observed_ended(one, &over);
    expect_log("a1 closed over;b closed over;");
    observed_ended(two, &over);
    expect_log("a2 closed over;");
    ck_assert_uint_eq(observed_count(), 0);
}
END_TEST

START_TEST(every_event_is_passed_on)
{
    const struct nacre_observer *o = begin();
    const struct nacre_negotiated choice = {.kex = "method"};
    char one[] = "one";

    identify(o, one);
    log_text[0] = 0;
    o->message(one, NACRE_RECEIVED, 7, "auth", (const uint8_t[]){99}, 1);
    o->secret(one, 'K', (const uint8_t[]){5}, 1);
    o->negotiated(one, &choice);
    o->mismatch(one, "MAC", "cl", 2, "serv", 4);
    o->limited(one, NACRE_LIMIT_IDLE);
    o->packet(one, NACRE_RECEIVED, (const uint8_t *)"SSH-2.0-y\r\n", 11);
    expect_log("a1 message in auth;a1 secret K;a1 negotiated method;a1 mismatch MAC;"
               "a1 limited idle-timeout;a1 packet received;");
    observed_ended(one, &over);
}
END_TEST

START_TEST(after_its_end_a_connection_may_begin_again)
{
    const struct nacre_observer *o = begin();
    char one[] = "one";

    identify(o, one);
    observed_ended(one, &over);
    observed_ended(one, &over);
    log_text[0] = 0;
    o->phase(one, "late");
    o->packet(one, NACRE_SENT, (const uint8_t *)"\0\0\0\x10", 4);
    expect_log("one phase late;");
    identify(o, one);
    expect_log("a2 opens one;a2 packet sent;");
    observed_ended(one, &over);
}
END_TEST

START_TEST(many_connections_are_told_apart)
{
    enum { MANY = 5000 };
    const struct nacre_observer *o = begin();
    static char names[MANY][16];

    for (unsigned i = 0; i < MANY; i++) {
        (void)snprintf(names[i], sizeof names[i], "c%u", i);
        log_text[0] = 0;
        identify(o, names[i]);
    }
    ck_assert_uint_eq(observed_count(), MANY);
    for (unsigned i = 0; i < MANY; i += 7) {
        char expected[32];

        log_text[0] = 0;
        o->limited(names[i], NACRE_LIMIT_IDLE);
        (void)snprintf(expected, sizeof expected, "a%u limited idle-timeout;", i + 1);
        expect_log(expected);
    }
    for (unsigned i = 0; i < MANY; i++) {
        log_text[0] = 0;
        observed_ended(names[i], &over);
    }
    ck_assert_uint_eq(observed_count(), 0);
}
END_TEST

START_TEST(without_parts_only_our_own_observes)
{
    observed_begin(describe, NULL);
    ck_assert_ptr_null(observed_observer());
    observed_begin(describe, &own);
    ck_assert(observed_observer()->phase == own.phase);
    ck_assert(observed_observer()->packet == NULL);
}
END_TEST

START_TEST(a_new_beginning_has_no_parts_and_counts_from_one)
{
    const struct nacre_observer *o = begin();
    char one[] = "one";

    identify(o, one);
    observed_ended(one, &over);
    observed_begin(describe, NULL);
    ck_assert_ptr_null(observed_observer());
    o = begin();
    identify(o, one);
    expect_log("a1 opens one;a1 packet sent;");
    observed_ended(one, &over);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_connection_begins_with_our_identification);
    add_test(suite, every_event_is_passed_on);
    add_test(suite, after_its_end_a_connection_may_begin_again);
    add_test(suite, many_connections_are_told_apart);
    add_test(suite, without_parts_only_our_own_observes);
    add_test(suite, a_new_beginning_has_no_parts_and_counts_from_one);
}
