/* What a client asks its server for: several requests at a time, and what each answer belongs to.
 */
#include "apps/forward/remote.h"
#include "tests/support/forward_parties.h"
#include "tests/support/leftovers.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char path[256];

static bool may_listen(void *context, const struct nacre_target *target)
{
    (void)context;
    return strcmp(target->host, "127.0.0.2") != 0;
}

static struct nacre_forwards *forwards(void)
{
    return parties[NACRE_CLIENT].forwards;
}

static void ask(const char *place, const char *target, bool cancel)
{
    ck_assert_int_eq(nacre_forward_remote(forwards(), place, target, cancel), NACRE_SEND_DONE);
}

static void ask_otherwise(void)
{
    ck_assert_int_eq(nacre_session_global_request(p.client.session, "x@nacre", true, "", 0),
                     NACRE_SEND_DONE);
}

/* The port of the target of what the server accepts there; 0: it was not asked for. */
static uint32_t target_at(const char *host, uint32_t port, bool is_path)
{
    struct nacre_target at = {.port = port, .is_path = is_path};
    const struct nacre_target *to;

    (void)snprintf(at.host, sizeof at.host, "%s", host);
    to = remote_find(forwards(), &at);
    return to != NULL ? to->port : 0;
}

static uint32_t port; /* that the server has chosen */

static void note_port(void)
{
    if (!parties[NACRE_SERVER].last.is_path)
        port = parties[NACRE_SERVER].last.port;
}

START_TEST(each_answer_belongs_to_one_request)
{
    char place[64];

    start();
    parties[NACRE_SERVER].act = note_port;
    parties[NACRE_SERVER].act_at = "listening";
    parties[NACRE_SERVER].policy.may_listen = may_listen;
    (void)snprintf(path, sizeof path, "%s", scratch_path("socket"));
    ask("localhost:0", "h:1", false);
    ask_otherwise();
    ask("127.0.0.2:0", "h:2", false);
    ask_otherwise();
    ask(path, "h:3", false);
    ask_otherwise();
    AWAIT(others_replied == 3);
    ck_assert_str_eq(parties[NACRE_CLIENT].events,
                     "listening;failed the server refused the request;listening;");
    ck_assert_uint_ne(port, 0);
    ck_assert_uint_eq(target_at("localhost", port, false), 1);
    ck_assert_uint_eq(target_at("localhost", port + 1, false), 0);
    ck_assert_uint_eq(target_at("localhost", 0, false), 0); /* as it was asked for */
    ck_assert_uint_eq(target_at("localhost", port, true), 0);
    ck_assert_uint_eq(target_at("127.0.0.2", 0, false), 0);
    ck_assert_uint_eq(target_at(path, 0, true), 3);
    ck_assert_uint_eq(target_at(path, 0, false), 0);
    (void)snprintf(place, sizeof place, "localhost:%u", port);
    ask(place, NULL, true);
    ck_assert_uint_eq(target_at("localhost", port, false), 1); /* until the server has stopped */
    AWAIT(reported(NACRE_CLIENT, "stopped;"));
    ck_assert_uint_eq(target_at("localhost", port, false), 0);
    ck_assert_uint_eq(target_at(path, 0, true), 3);
    ck_assert_uint_eq(parties[NACRE_SERVER].forwards->listener_count, 1);
    finish();
}
END_TEST

/* The server has nothing to stop, or its program refuses everything. */
START_TEST(a_refused_cancellation_changes_nothing)
{
    start();
    ask("localhost:0", "h:1", false);
    AWAIT(reported(NACRE_CLIENT, "listening;"));
    ask("localhost:1", NULL, true);
    AWAIT(reported(NACRE_CLIENT, "listening;failed the server refused the request;"));
    ck_assert_uint_eq(target_at("localhost", parties[NACRE_SERVER].last.port, false), 1);
    finish();
}
END_TEST

START_TEST(requests_without_a_place_or_memory_are_not_sent)
{
    start();
    ck_assert_int_eq(nacre_forward_remote(forwards(), "localhost", "h:1", false), NACRE_SEND_NEVER);
    ck_assert_int_eq(nacre_forward_remote(forwards(), "localhost:0", "h", false), NACRE_SEND_NEVER);
    ck_assert_int_eq(nacre_forward_remote(forwards(), "localhost", NULL, true), NACRE_SEND_NEVER);
    leftovers_refuse(1);
    ck_assert_int_eq(nacre_forward_remote(forwards(), "localhost:0", "h:1", false),
                     NACRE_SEND_LATER);
    ck_assert_ptr_null(forwards()->remotes);
    finish();
}
END_TEST

START_TEST(other_global_requests_are_not_the_forwards)
{
    struct nacre_global_request request = {
        .kind = NACRE_GLOBAL_OTHER, .name = "x@nacre", .host = ""};
    uint32_t unused = 0;

    start();
    ck_assert_int_eq(forwards_request(parties[NACRE_SERVER].forwards, &request, &unused),
                     NACRE_REFUSE);
    ck_assert(!forwards_replied(forwards(), true, NULL, 0)); /* none is due */
    finish();
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, each_answer_belongs_to_one_request);
    add_test(suite, a_refused_cancellation_changes_nothing);
    add_test(suite, requests_without_a_place_or_memory_are_not_sent);
    add_test(suite, other_global_requests_are_not_the_forwards);
}
