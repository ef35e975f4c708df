/* Lines of the log that no connection is needed for. The others are compared with what clients did:
 * tests/interop/test_server.py, test_login.py. */
#include "apps/daemon/events.h"
#include "tests/support/child.h"
#include "tests/support/scratch.h"

#include <string.h>

static int log_events(void)
{
    char sentences[] = "one thing\nanother\n\nthe third";

    server_log.listening(NULL, "127.0.0.1:22");
    server_log.trouble(NULL, "no thread");
    server_log.refused(NULL, "192.0.2.1:5", NACRE_LIMIT_OPENS, 0);
    server_log.refused(NULL, "192.0.2.1:5", NACRE_LIMIT_OPENS, 1);
    log_trouble("files", "a reason");
    log_each_trouble("keys", sentences);
    return 0;
}

/* The next line, which must be this one after its time. */
static char *expect(char *at, const char *expected)
{
    char *end = strchr(at, '\n');

    ck_assert_msg(end != NULL, "%s", expected);
    *end = '\0';
    at = strchr(at, ' ');
    ck_assert_ptr_nonnull(at);
    ck_assert_str_eq(at + 1, expected);
    return end + 1;
}

START_TEST(each_event_has_its_level_and_fields)
{
    char *at = child_said;

    succeeds_in_child(log_events);
    at = expect(at, "level=info event=listening addr=127.0.0.1:22");
    at = expect(at, "level=warn event=trouble reason=\"no thread\"");
    at = expect(at, "level=info event=refused addr=192.0.2.1:5 limit=opens");
    at = expect(at, "level=info event=refused addr=192.0.2.1:5 limit=opens unlogged=1");
    at = expect(at, "level=warn event=files reason=\"a reason\"");
    at = expect(at, "level=warn event=keys reason=\"one thing\"");
    at = expect(at, "level=warn event=keys reason=another");
    at = expect(at, "level=warn event=keys reason=\"the third\"");
    ck_assert_str_eq(at, "");
}
END_TEST

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
uint64_t __wrap_nacre_server_counter(const struct nacre_server *server, enum nacre_counter counter);
uint64_t __wrap_nacre_server_limited(const struct nacre_server *server, enum nacre_limit limit);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* A server each of whose counters has another value. */
uint64_t __wrap_nacre_server_counter(const struct nacre_server *server, enum nacre_counter counter)
{
    (void)server;
    return 1000 + (uint64_t)counter;
}

uint64_t __wrap_nacre_server_limited(const struct nacre_server *server, enum nacre_limit limit)
{
    (void)server;
    return 2000 + (uint64_t)limit;
}

static int log_numbers(void)
{
    log_counters("counters", NULL);
    return 0;
}

START_TEST(each_counter_is_logged)
{
    succeeds_in_child(log_numbers);
    ck_assert_str_eq(expect(child_said,
                            "level=info event=counters accepted=1000 logins=1001 "
                            "connections=1002 startups=1003 memory=1004 max_connections=2000 "
                            "max_startups=2001 per_source_max_startups=2002 "
                            "per_source_penalties=2003 descriptors=2004 proxy_from=2005 "
                            "handshake_time=2006 login_grace_time=2007 max_auth_tries=2008 "
                            "undecided=2009 max_sessions=2010 max_window=2011 "
                            "max_memory=2012 per_user_max_memory=2013 low_memory=2014 "
                            "opens=2015 requests=2016 globals=2017 proofs=2018 rekeys=2019 "
                            "keepalive=2020 idle_timeout=2021 log_dropped=0"),
                     "");
}
END_TEST

START_TEST(a_level_observes_what_it_logs)
{
    static const struct {
        enum log_level level;
        bool phases, messages;
    } rows[] = {
        {LOG_ERROR, false, false},
        {LOG_INFO, false, false},
        {LOG_DEBUG, true, false},
        {LOG_TRACE, true, true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct nacre_observer o = server_observer_at(rows[i].level);

        ck_assert(o.negotiated != NULL && o.mismatch != NULL);
        ck_assert_int_eq(o.phase != NULL, rows[i].phases);
        ck_assert_int_eq(o.message != NULL, rows[i].messages);
        ck_assert(o.secret == NULL && o.packet == NULL);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, each_event_has_its_level_and_fields);
    add_test(suite, each_counter_is_logged);
    add_test(suite, a_level_observes_what_it_logs);
}
