/* When nacre-load gives a connection up, by the test's clock. */
#include "apps/load/clock.h"
#include "apps/load/load.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#define MS UINT64_C(1000000) /* nanoseconds */

#define WHY "the server did nothing for the time that --timeout allows"

enum { JOBS = 2 };

static struct load_job jobs[JOBS];
static struct load_mode mode;
static struct load_options options;
static struct load load;
static uint64_t now_ns;
static char clients[JOBS]; /* their addresses are what matters */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
OWN(void, nacre_client_close, struct nacre_client *client, const char *text)
{
    note("%d %s;", client == (void *)&clients[1], text);
}

OWN(uint64_t, clock_now_ns, void)
{
    return now_ns;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void set_up(void)
{
    mode = (struct load_mode){.returns = true};
    options = (struct load_options){.mode = &mode, .timeout_s = 3, .bytes = 100};
    load = (struct load){.options = &options, .jobs = jobs, .begun = 1};
    for (int i = 0; i < JOBS; i++)
        jobs[i] = (struct load_job){
            .load = &load, .client = (struct nacre_client *)(void *)&clients[i], .steps = 1};
    now_ns = 1000 * MS;
    load_end_stalled(&load);
}

/* Look at the connections after so many milliseconds. */
static void look_after_ms(uint64_t ms)
{
    now_ns += ms * MS;
    load_end_stalled(&load);
}

START_TEST(a_connection_fails_when_nothing_has_happened_for_the_timeout)
{
    look_after_ms(2999);
    look_after_ms(500);
    expect_notes("0 timeout;");
    ck_assert_uint_eq(load.failed, 1);
    ck_assert_str_eq(load.errbuf, WHY);
    ck_assert(jobs[0].counted && jobs[0].stalled);
    look_after_ms(10000);
    expect_notes(""); /* only once */
    ck_assert_uint_eq(load.failed, 1);
}
END_TEST

START_TEST(it_fails_at_the_timeout_and_not_before)
{
    now_ns += 3000 * MS - 1;
    load_end_stalled(&load);
    expect_notes("");
    load.look_ns = 0;
    now_ns++;
    load_end_stalled(&load);
    expect_notes("0 timeout;");
}
END_TEST

START_TEST(connections_are_looked_at_twice_a_second)
{
    look_after_ms(2600); /* of the 3000 */
    now_ns += 500 * MS - 1;
    load_end_stalled(&load);
    expect_notes("");
    now_ns++;
    load_end_stalled(&load);
    expect_notes("0 timeout;");
}
END_TEST

START_TEST(every_connection_that_was_begun_is_looked_at)
{
    jobs[0].client = NULL;
    look_after_ms(5000);
    expect_notes("");
    load.begun = 2;
    look_after_ms(500);
    look_after_ms(3000);
    expect_notes("1 timeout;");
}
END_TEST

START_TEST(whatever_the_server_does_lets_a_connection_go_on)
{
    uint64_t *const what[] = {&jobs[0].steps, &jobs[0].sent, &jobs[0].keystrokes,
                              &jobs[0].received};

    for (size_t i = 0; i < sizeof what / sizeof what[0]; i++) {
        look_after_ms(2000);
        ++*what[i];
    }
    look_after_ms(2000);
    look_after_ms(2999);
    expect_notes("");
    look_after_ms(500);
    expect_notes("0 timeout;");
}
END_TEST

START_TEST(bytes_that_were_not_asked_for_do_not_count)
{
    jobs[0].received = 100;
    look_after_ms(1000);
    jobs[0].received = 200;
    look_after_ms(3000);
    expect_notes("0 timeout;");
    set_up();
    mode.returns = false;
    jobs[0].received = 50;
    look_after_ms(3000);
    expect_notes("0 timeout;");
}
END_TEST

/* Before the login, and while sessions are held, nothing needs to happen. */
START_TEST(a_connection_that_is_to_wait_does_not_fail)
{
    jobs[0].steps = 0;
    look_after_ms(5000);
    expect_notes("");
    jobs[0].steps = 1;
    mode.holds = jobs[0].counted = true;
    look_after_ms(5000);
    look_after_ms(5000);
    expect_notes("");
    mode.holds = false;
    look_after_ms(5000);
    expect_notes("0 timeout;");
    ck_assert_uint_eq(load.failed, 0); /* it had been counted */
    set_up();
    mode.holds = true; /* and this one does not stand yet */
    look_after_ms(5000);
    expect_notes("0 timeout;");
}
END_TEST

START_TEST(one_connection_with_many_channels_fails_although_some_were_counted)
{
    mode.one_connection = jobs[0].counted = true;
    look_after_ms(5000);
    expect_notes("0 timeout;");
    ck_assert_uint_eq(load.failed, 1);
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, set_up, NULL);
    add_test(suite, a_connection_fails_when_nothing_has_happened_for_the_timeout);
    add_test(suite, it_fails_at_the_timeout_and_not_before);
    add_test(suite, connections_are_looked_at_twice_a_second);
    add_test(suite, every_connection_that_was_begun_is_looked_at);
    add_test(suite, whatever_the_server_does_lets_a_connection_go_on);
    add_test(suite, bytes_that_were_not_asked_for_do_not_count);
    add_test(suite, a_connection_that_is_to_wait_does_not_fail);
    add_test(suite, one_connection_with_many_channels_fails_although_some_were_counted);
}
