/* A run of nacre-load: which connections it begins, holds and gives up, and when it is over. The
 * connections and the clock are the test's. */
#include "apps/load/run.h"
#include "apps/load/clock.h"
#include "apps/load/load.h"
#include "apps/observe/study.h"
#include "tests/support/child.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/scratch.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { CLIENTS = 100, MS = 1000000 /* nanoseconds */ };

static struct load_options options;
static struct load_mode mode;
static struct nacre_client_config config;
static struct study_config study;
static char clients[CLIENTS], all; /* their addresses are what matters */
static void *contexts[CLIENTS];
static unsigned connected, all_ended;
static uint64_t now_ns;
static const char *failing; /* or NULL */
static bool has_session;
static void (*turn)(unsigned n); /* what happens while it waits for the n-th time */
static unsigned turns;
static size_t sockets; /* that are open, as the loop says */
static struct load_job *jobs;

#define CLIENT(i) ((struct nacre_client *)(void *)&clients[i])

static bool step(const char *name)
{
    note("%s;", name);
    return failing == NULL || strcmp(failing, name) != 0;
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
OWN(struct nacre_clients *, nacre_clients_new, const struct nacre_client_config *given,
    char *errbuf, size_t size)
{
    config = *given;
    if (step("new"))
        return (struct nacre_clients *)(void *)&all;
    (void)snprintf(errbuf, size, "no clients");
    return NULL;
}

OWN(void, nacre_clients_free, struct nacre_clients *which)
{
    ck_assert_ptr_eq(which, (void *)&all);
    note("free;");
}

OWN(void, nacre_clients_stop, struct nacre_clients *which)
{
    ck_assert_ptr_eq(which, (void *)&all);
    note("stop;");
}

OWN(size_t, nacre_clients_run_once, struct nacre_clients *which, uint32_t wait_ms)
{
    ck_assert_ptr_eq(which, (void *)&all);
    if (turns > 200)
        ck_abort_msg("it never ends");
    note("%u;", wait_ms);
    now_ns += (uint64_t)wait_ms * MS;
    turn(turns);
    turns++;
    return sockets;
}

OWN(struct nacre_client *, nacre_client_connect, struct nacre_clients *which, const char *address,
    void *context, char *errbuf, size_t size)
{
    ck_assert_ptr_eq(which, (void *)&all);
    ck_assert_str_eq(address, "127.0.0.1:22");
    if (connected == 0)
        jobs = context;
    contexts[connected] = context;
    if (step("connect"))
        return CLIENT(connected++);
    (void)snprintf(errbuf, size, "no connection");
    return NULL;
}

OWN(void *, nacre_client_context, const struct nacre_client *client)
{
    return contexts[(const char *)client - clients];
}

OWN(struct nacre_session *, nacre_client_session, const struct nacre_client *client)
{
    (void)client;
    return has_session ? (struct nacre_session *)(void *)&all : NULL;
}

OWN(const char *, nacre_client_address, const struct nacre_client *client)
{
    return client == CLIENT(1) ? "192.0.2.2:22" : "";
}

OWN(const char *, nacre_client_local_address, const struct nacre_client *client)
{
    return client == CLIENT(1) ? "192.0.2.1:5" : "";
}

OWN(const char *, nacre_session_peer_version, const struct nacre_session *session)
{
    (void)session;
    return turns == 0 ? "first" : "later";
}

OWN(const struct nacre_negotiated *, nacre_session_negotiated, const struct nacre_session *session)
{
    static struct nacre_negotiated negotiated;

    (void)session;
    negotiated.cipher_client_to_server = turns == 0 ? "aes" : "chacha";
    return &negotiated;
}

OWN(void, nacre_session_counters, const struct nacre_session *session, uint64_t *in, uint64_t *out)
{
    (void)session;
    *in = 10;
    *out = 100;
}

OWN(const uint8_t *, nacre_session_output, const struct nacre_session *session, size_t *len)
{
    (void)session;
    *len = 1000;
    return NULL;
}

OWN(bool, study_open, const struct study_config *given, const struct errbuf *p)
{
    struct observed seen = {.id = 0};

    study = *given;
    study.describe(CLIENT(1), &seen);
    if (study.options != &options.study || seen.role != NACRE_CLIENT ||
        strcmp(study.program, "nacre-load") != 0 || strcmp(seen.local, "192.0.2.1:5") != 0 ||
        strcmp(seen.peer, "192.0.2.2:22") != 0)
        ck_abort_msg("it describes another connection");
    return step("study") || errbuf_say(p, "no study");
}

OWN(void, study_start, void)
{
    note("study_start;");
}

OWN(void, study_ended, void *context, const struct nacre_end *why)
{
    (void)why;
    note("study_ended %zd;", (char *)context - clients);
}

OWN(void, study_close, void)
{
    note("study_close;");
}

OWN(uint64_t, clock_now_ns, void)
{
    return now_ns;
}

OWN(void, load_progress, const struct load *load, bool last)
{
    (void)load;
    note("%s;", last ? "last progress" : "progress");
}

/* What it would say */
OWN(void, load_report, struct load *load)
{
    note("[%s %s %u+%u %s in %u out %u%s];", load->server, load->cipher, (unsigned)load->done,
         (unsigned)load->failed, load->errbuf, (unsigned)load->wire_in, (unsigned)load->wire_out,
         load->interrupted ? " interrupted" : "");
}

OWN(void, load_end_stalled, struct load *load)
{
    ck_assert_ptr_eq(load->options, &options);
    note("look;");
}

OWN(int, getrlimit64, __rlimit_resource_t resource, struct rlimit *limit)
{
    *limit = (struct rlimit){5, resource == RLIMIT_NOFILE ? 77 : 0};
    return 0;
}

OWN(int, setrlimit64, __rlimit_resource_t resource, const struct rlimit *limit)
{
    note("limit %d %u %u;", resource == RLIMIT_NOFILE, (unsigned)limit->rlim_cur,
         (unsigned)limit->rlim_max);
    return 0;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* ---- what happens to connections ---- */

static void become_ready(size_t i)
{
    config.ready(CLIENT(i));
}

static void end(size_t i)
{
    config.ended(CLIENT(i), &(struct nacre_end){NACRE_PEER_CLOSED, 0, "gone"});
}

static void succeed(struct load_job *job)
{
    ck_assert_uint_eq(job->steps, 1);
    note("ready %zu;", (size_t)(job - jobs));
    load_done(job);
}

static void set_up(void)
{
    mode = (struct load_mode){.per_connection = true, .ready = succeed};
    options = (struct load_options){
        .mode = &mode, .count = 3, .at_once = 2, .quiet = true, .target = "127.0.0.1:22"};
    now_ns = 7;
    sockets = 1;
    has_session = true;
}

static int run(void)
{
    connected = turns = all_ended = 0;
    return load_run(&options);
}

#define BEGIN "study;study_start;limit 1 77 77;new;"
#define END "free;study_close;"

/* ---- connections ---- */

static void begin_and_end(unsigned n)
{
    switch (n) {
    case 0:
        become_ready(0);
        become_ready(1);
        break;
    case 1:
        end(0);
        break;
    case 2:
        become_ready(2);
        end(2);
        end(1);
    }
}

START_TEST(as_many_connections_as_allowed_are_begun_at_a_time)
{
    turn = begin_and_end;
    ck_assert_int_eq(run(), 0);
    expect_notes(BEGIN "connect;connect;100;ready 0;ready 1;look;100;study_ended 0;look;"
                       "connect;100;ready 2;study_ended 2;study_ended 1;look;"
                       "[first aes 3+0  in 30 out 3300];" END);
}
END_TEST

/* Without --count it is as many as at a time; in a mode with channels, one. */
static void end_all(unsigned n)
{
    (void)n;
    for (; all_ended < connected; all_ended++) {
        become_ready(all_ended);
        end(all_ended);
    }
}

START_TEST(the_mode_decides_how_many_connections_there_are)
{
    turn = end_all;
    mode.per_connection = false;
    ck_assert_int_eq(run(), 0);
    expect_notes(BEGIN "connect;connect;100;ready 0;study_ended 0;ready 1;study_ended 1;look;"
                       "[first aes 2+0  in 20 out 2200];" END);
    mode.one_connection = true;
    options.count = 1;
    ck_assert_int_eq(run(), 0);
    expect_notes(BEGIN "connect;100;ready 0;study_ended 0;look;"
                       "[first aes 1+0  in 10 out 1100];" END);
    options.count = 2; /* channels: one is missing */
    ck_assert_int_eq(run(), 1);
    noted[0] = 0;
}
END_TEST

static void lose(unsigned n)
{
    has_session = false;
    if (n == 0) {
        end(0);
        end(1);
    } else {
        end(2);
    }
}

START_TEST(a_connection_that_is_lost_before_it_is_counted_has_failed)
{
    turn = lose;
    ck_assert_int_eq(run(), 1);
    expect_notes(BEGIN "connect;connect;100;study_ended 0;study_ended 1;look;connect;100;"
                       "study_ended 2;look;[  0+3 gone in 0 out 0];" END);
}
END_TEST

static void nothing(unsigned n)
{
    (void)n;
}

/* There is nothing to wait for; ten failures end the run. */
START_TEST(connections_that_cannot_be_begun_are_failures)
{
    turn = nothing;
    failing = "connect";
    options.count = options.at_once = 100;
    ck_assert_int_eq(run(), 1);
    expect_notes(BEGIN "connect;connect;connect;connect;connect;connect;connect;connect;connect;"
                       "connect;0;look;stop;[  0+10 no connection in 0 out 0];" END);
}
END_TEST

static void be_gone(unsigned n)
{
    note("at %u;", connected);
    end_all(n);
}

START_TEST(at_most_64_connections_are_begun_between_two_waits)
{
    turn = be_gone;
    options.count = options.at_once = 70;
    ck_assert_int_eq(run(), 0);
    assert_says(noted, ";at 64;");
    assert_says(noted, ";at 70;");
    noted[0] = 0;
}
END_TEST

START_TEST(a_loop_without_sockets_is_over_when_all_were_begun)
{
    turn = nothing;
    sockets = 0;
    options.count = 2;
    ck_assert_int_eq(run(), 0);
    expect_notes(BEGIN "connect;connect;100;look;[  0+0  in 0 out 0];" END);
}
END_TEST

/* ---- sessions that are held ---- */

static void stand(struct load_job *job)
{
    job->load->standing++;
    load_done(job);
}

static void hold_a_second(unsigned n)
{
    if (n < 3)
        become_ready(n);
    if (n == 12)
        note("(now)");
    sockets = n < 13;
}

START_TEST(sessions_are_held_from_the_last_one_on)
{
    mode.holds = true;
    mode.ready = stand;
    options.at_once = 1;
    options.hold_s = 1;
    turn = hold_a_second;
    ck_assert_int_eq(run(), 0);
    assert_says(noted, "new;connect;100;look;connect;100;look;connect;100;look;100;look;");
    assert_says(noted, "100;look;100;(now)stop;look;100;stop;look;[");
    ck_assert_ptr_null(strstr(strstr(noted, "stop;") + 5, "100;look"));
    noted[0] = 0;
}
END_TEST

/* ---- progress ---- */

static void wait_a_while(unsigned n)
{
    sockets = n < 21;
    if (n < 2)
        become_ready(n);
    if (n == 9 || n == 19)
        note("(%u s)", (unsigned)((now_ns - 7) / (1000 * MS)));
}

START_TEST(progress_is_shown_every_second)
{
    options.quiet = false;
    options.count = 2;
    turn = wait_a_while;
    ck_assert_int_eq(run(), 0);
    assert_says(noted, "100;look;100;(1 s)look;progress;100;look;100;");
    assert_says(noted, "100;look;100;(2 s)look;progress;100;look;100;look;last progress;[");
    noted[0] = 0;
}
END_TEST

/* ---- signals ---- */

static bool is_default(int number)
{
    struct sigaction action;

    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_DFL;
}

static int number;

static void interrupt(unsigned n)
{
    become_ready(0);
    ck_assert(!is_default(SIGINT) && !is_default(SIGTERM));
    (void)raise(number);
    ck_assert(is_default(number)); /* a second one ends the program */
    end(0);
    end(1);
    (void)n;
}

START_TEST(a_signal_ends_the_run)
{
    number = _i == 0 ? SIGINT : SIGTERM;
    turn = interrupt;
    ck_assert_int_eq(run(), 0);
    expect_notes(BEGIN "connect;connect;100;ready 0;stop;study_ended 0;study_ended 1;look;"
                       "[first aes 1+0  in 20 out 2200 interrupted];" END);
    ck_assert(is_default(SIGINT) && is_default(SIGTERM));
}
END_TEST

/* ---- the configuration ---- */

START_TEST(the_configuration_has_every_option)
{
    static char user[] = "alice", password[] = "secret", kex[] = "k", host_key[] = "h",
                ciphers[] = "c", macs[] = "m";

    turn = end_all;
    options.user = user;
    options.password = password;
    options.identity.key_count = 1;
    options.algorithms.lists[NACRE_KEX] = kex;
    options.algorithms.lists[NACRE_HOST_KEY] = host_key;
    options.algorithms.lists[NACRE_CIPHER] = ciphers;
    options.algorithms.lists[NACRE_MAC] = macs;
    options.algorithms.require_strict_kex = true;
    ck_assert_int_eq(run(), 0);
    ck_assert(config.user == user && config.password == password);
    ck_assert(config.keys == options.identity.keys && config.key_count == 1);
    ck_assert(config.kex == kex && config.host_key_algorithms == host_key);
    ck_assert(config.ciphers == ciphers && config.macs == macs && config.require_strict_kex);
    ck_assert(config.known_hosts == NULL && config.known_as == NULL);
    ck_assert_int_eq(config.host_key(NULL, NULL, 0, ""), NACRE_GRANT);
    ck_assert_uint_eq(config.channels_max, 4096);
    options.host.known_hosts = "hosts";
    (void)snprintf(options.known_as, sizeof options.known_as, "here:22");
    options.at_once = 1023;
    ck_assert_int_eq(run(), 0);
    ck_assert(config.host_key == NULL && config.known_as == options.known_as);
    ck_assert_uint_eq(config.channels_max, 4096);
    options.at_once = 1025;
    ck_assert_int_eq(run(), 0);
    ck_assert_uint_eq(config.channels_max, 4100);
    noted[0] = 0;
}
END_TEST

/* ---- what it says ---- */

static void warn(unsigned n)
{
    char sentence[16];

    for (int i = 0; i < 70; i++) {
        (void)snprintf(sentence, sizeof sentence, "w%d", i / 2 * 2);
        if (i < 10 || i > 63)
            config.known_hosts->warn(NULL, sentence);
    }
    study.warn("trace", "full");
    end_all(n);
}

START_TEST(each_warning_is_printed_once)
{
    options.host.known_hosts = "hosts";
    options.count = 2;
    turn = warn;
    ck_assert_int_eq(WEXITSTATUS(in_child(run)), 0);
    ck_assert_str_eq(child_said, "nacre-load: w0\nnacre-load: w2\nnacre-load: w4\nnacre-load: w6\n"
                                 "nacre-load: w8\nnacre-load: w64\nnacre-load: w66\n"
                                 "nacre-load: w68\nnacre-load: full\n");
}
END_TEST

static void warn_without_end(unsigned n)
{
    char sentence[16];

    for (int i = 0; i < 100; i++) {
        (void)snprintf(sentence, sizeof sentence, "w%d", i);
        config.known_hosts->warn(NULL, sentence);
    }
    end_all(n);
}

START_TEST(up_to_64_warnings_are_printed)
{
    options.host.known_hosts = "hosts";
    turn = warn_without_end;
    ck_assert_int_eq(WEXITSTATUS(in_child(run)), 0);
    ck_assert_str_eq(child_said + strlen(child_said) - 16, "nacre-load: w63\n");
}
END_TEST

static unsigned refuse;

static int fail_to_run(void)
{
    int status;

    leftovers_refuse(refuse);
    status = run();
    (void)fprintf(stderr, "%s", noted);
    return status;
}

START_TEST(a_run_that_cannot_begin_says_why)
{
    static const struct {
        const char *failing;
        unsigned refuse;
        const char *said;
    } rows[] = {
        {"study", 0, "nacre-load: no study\nstudy;"},
        {"new", 0, "nacre-load: no clients\n" BEGIN},
        {NULL, 1, "nacre-load: out of memory\nstudy;study_start;limit 1 77 77;"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        failing = rows[i].failing;
        refuse = rows[i].refuse;
        ck_assert_int_eq(WEXITSTATUS(in_child(fail_to_run)), 1);
        ck_assert_str_eq(child_said, rows[i].said);
    }
    failing = "new";
    ck_assert_int_eq(run(), 1); /* and frees what it had */
    noted[0] = 0;
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, set_up, NULL);
    add_test(suite, as_many_connections_as_allowed_are_begun_at_a_time);
    add_test(suite, the_mode_decides_how_many_connections_there_are);
    add_test(suite, a_connection_that_is_lost_before_it_is_counted_has_failed);
    add_test(suite, connections_that_cannot_be_begun_are_failures);
    add_test(suite, at_most_64_connections_are_begun_between_two_waits);
    add_test(suite, a_loop_without_sockets_is_over_when_all_were_begun);
    add_test(suite, sessions_are_held_from_the_last_one_on);
    add_test(suite, progress_is_shown_every_second);
    add_loop(suite, a_signal_ends_the_run, 0, 2);
    add_test(suite, the_configuration_has_every_option);
    add_test(suite, each_warning_is_printed_once);
    add_test(suite, up_to_64_warnings_are_printed);
    add_test(suite, a_run_that_cannot_begin_says_why);
}
