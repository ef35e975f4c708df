/* Very many channels and requests on one connection. */
#include "tests/support/pair.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <stdlib.h>

enum { CHANNELS = 10000, AT_ONCE = 20, REQUESTS = 1000 };

struct count {
    unsigned opened, closed, replied, asked;
    bool later; /* the server answers later */
};

static struct count server, client;
static struct nacre_channel *served; /* the server's newest channel */

static bool answer_to(unsigned i)
{
    return i * i % 7 < 3; /* so that a wrong order shows */
}

static enum nacre_answer server_open(struct nacre_channel *ch)
{
    served = ch;
    server.opened++;
    return NACRE_GRANT;
}

static void server_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    (void)ch;
    (void)why;
    server.closed++;
}

static enum nacre_answer server_request(struct nacre_channel *ch,
                                        const struct nacre_request *request)
{
    unsigned i = server.asked++;

    (void)ch;
    ck_assert_int_eq(atoi(request->value), (int)i);
    if (server.later && i % 3 == 0)
        return NACRE_LATER;
    return answer_to(i) ? NACRE_GRANT : NACRE_REFUSE;
}

static enum nacre_answer client_open(struct nacre_channel *ch)
{
    client.opened++;
    nacre_channel_close(ch);
    return NACRE_GRANT;
}

static void client_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    (void)ch;
    ck_assert_int_eq(why->cause, NACRE_WE_CLOSED);
    client.closed++;
}

static void client_replied(struct nacre_channel *ch, bool granted)
{
    (void)ch;
    ck_assert_int_eq(granted, answer_to(client.replied));
    client.replied++;
}

static const struct nacre_channel_app server_app = {
    .open = server_open, .request = server_request, .closed = server_closed};
static const struct nacre_channel_app closing_app = {.open = client_open, .closed = client_closed};
static const struct nacre_channel_app asking_app = {.replied = client_replied};

static void begin(struct pair *p)
{
    server = client = (struct count){0};
    pair_init(p, 1);
    p->server_app = server_app;
    pair_start(p);
    pair_run(p);
    ck_assert(p->client.authenticated);
}

static void open_and_close(struct pair *p, unsigned count)
{
    for (unsigned i = 0; i < count; i += AT_ONCE) {
        for (unsigned j = 0; j < AT_ONCE; j++)
            ck_assert_ptr_nonnull(nacre_session_open_channel(p->client.session, "session",
                                                             &closing_app, NULL, NULL, 0));
        pair_run(p);
    }
}

START_TEST(ten_thousand_channels_leave_nothing_behind)
{
    struct pair p;
    size_t at_server, at_client;

    begin(&p);
    open_and_close(&p, AT_ONCE);
    at_server = nacre_endpoint_memory_in_use(p.server.endpoint);
    at_client = nacre_endpoint_memory_in_use(p.client.endpoint);
    open_and_close(&p, CHANNELS - AT_ONCE);
    ck_assert_uint_eq(server.opened, CHANNELS);
    ck_assert_uint_eq(server.closed, CHANNELS);
    ck_assert_uint_eq(client.opened, CHANNELS);
    ck_assert_uint_eq(client.closed, CHANNELS);
    ck_assert_uint_eq(nacre_endpoint_memory_in_use(p.server.endpoint), at_server);
    ck_assert_uint_eq(nacre_endpoint_memory_in_use(p.client.endpoint), at_client);
    pair_clear(&p);
}
END_TEST

static void ask(struct pair *p, struct nacre_channel *ch, unsigned i)
{
    char number[16];

    (void)sprintf(number, "%u", i);
    while (!nacre_channel_env(ch, "N", number))
        pair_run(p);
}

START_TEST(a_thousand_requests_in_flight_are_answered_in_order)
{
    struct nacre_channel *ch;
    struct pair p;
    unsigned replied;

    begin(&p);
    server.later = _i == 1;
    ch = nacre_session_open_channel(p.client.session, "session", &asking_app, NULL, NULL, 0);
    ck_assert_ptr_nonnull(ch);
    pair_run(&p);
    for (unsigned i = 0; i < REQUESTS; i++)
        ask(&p, ch, i);
    pair_run(&p);
    ck_assert_uint_eq(server.asked, REQUESTS);
    ck_assert_uint_eq(client.replied, server.later ? 0 : REQUESTS);
    for (unsigned i = 0; server.later && i < REQUESTS; i += 3) {
        replied = client.replied;
        nacre_channel_answer_request(served, answer_to(i));
        pair_run(&p);
        ck_assert_uint_gt(client.replied, replied);
    }
    ck_assert_uint_eq(client.replied, REQUESTS);
    pair_clear(&p);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, ten_thousand_channels_leave_nothing_behind);
    add_loop(suite, a_thousand_requests_in_flight_are_answered_in_order, 0, 2);
}
