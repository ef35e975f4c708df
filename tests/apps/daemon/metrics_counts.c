/* What connections do to the metrics, with figures of the test's own. */
#include "apps/daemon/log_writer.h"
#include "apps/daemon/metrics.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char one; /* its address is what matters */
static void *data;
static bool has_session;
static uint64_t now_us;
static char text[METRICS_TEXT_MAX + 1];

#define PEER ((struct nacre_peer *)(void *)&one)
#define SERVER ((const struct nacre_server *)(const void *)&one)

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
OWN(int, clock_gettime, clockid_t clock, struct timespec *now)
{
    (void)clock;
    now->tv_sec = (time_t)(now_us / 1000000);
    now->tv_nsec = (long)(now_us % 1000000 * 1000 + 999);
    return 0;
}

/* The same on 32-bit machines */
OWN(int, __clock_gettime64, clockid_t clock, struct timespec *now)
{
    return __wrap_clock_gettime(clock, now);
}

OWN(void *, nacre_peer_data, const struct nacre_peer *peer)
{
    return peer == PEER ? data : NULL;
}

OWN(void, nacre_peer_set_data, struct nacre_peer *peer, void *given)
{
    if (peer == PEER)
        data = given;
}

OWN(struct nacre_session *, nacre_peer_session, const struct nacre_peer *peer)
{
    return peer == PEER && has_session ? (struct nacre_session *)(void *)&one : NULL;
}

OWN(void, nacre_session_counters, const struct nacre_session *session, uint64_t *in, uint64_t *out)
{
    *in = session != NULL ? 10 : 0;
    *out = session != NULL ? 20 : 0;
}

OWN(uint64_t, nacre_server_counter, const struct nacre_server *server, enum nacre_counter counter)
{
    return server == SERVER ? 100 + (uint64_t)counter : 0;
}

OWN(uint64_t, nacre_server_limited, const struct nacre_server *server, enum nacre_limit limit)
{
    return server == SERVER ? 200 + (uint64_t)limit : 0;
}

OWN(uint64_t, log_dropped, void)
{
    return 300;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void expect(const char *line)
{
    text[metrics_print(SERVER, text)] = 0;
    if (strstr(text, line) == NULL)
        ck_abort_msg("no '%s' in\n%s", line, text);
}

/* So many microseconds after the connection */
static void after_us(uint64_t us, void (*what)(void))
{
    now_us = 1234567;
    metrics_accepted(PEER);
    now_us += us;
    what();
    metrics_ended(PEER);
    ck_assert_ptr_null(data);
}

static void exchange(void)
{
    metrics_phase(PEER, "first");
}

static void log_in(void)
{
    metrics_authenticated(PEER, "alice");
}

static const struct {
    uint32_t us;
    const char *seconds;
} bounds[] = {
    {5000, "0.005"},  {10000, "0.01"},  {25000, "0.025"}, {50000, "0.05"},  {100000, "0.1"},
    {250000, "0.25"}, {500000, "0.5"},  {1000000, "1"},   {2500000, "2.5"}, {5000000, "5"},
    {10000000, "10"}, {30000000, "30"}, {60000000, "60"},
};

enum { BOUNDS = sizeof bounds / sizeof bounds[0] };

/* One at each bound, which counts there, and one beyond it, which counts at the next */
START_TEST(a_time_counts_at_the_first_bound_that_it_does_not_exceed)
{
    static void (*const what[])(void) = {exchange, log_in};
    static const char *const names[] = {"nacre_handshake_seconds", "nacre_login_seconds"};
    uint64_t sum = 0;
    char line[128];

    metrics_start();
    for (size_t i = 0; i < BOUNDS; i++)
        for (uint32_t beyond = 0; beyond < 2; beyond++) {
            sum += bounds[i].us + beyond;
            after_us(bounds[i].us + beyond, what[_i]);
        }
    for (size_t i = 0; i < BOUNDS; i++) {
        (void)snprintf(line, sizeof line, "\n%s_bucket{le=\"%s\"} %zu\n", names[_i],
                       bounds[i].seconds, 2 * i + 1);
        expect(line);
    }
    (void)snprintf(line, sizeof line, "\n%s_bucket{le=\"+Inf\"} %d\n%s_sum %d.%06d\n%s_count %d\n",
                   names[_i], 2 * BOUNDS, names[_i], (int)(sum / 1000000), (int)(sum % 1000000),
                   names[_i], 2 * BOUNDS);
    expect(line);
    (void)snprintf(line, sizeof line, "\n%s_count 0\n", names[1 - _i]);
    expect(line);
}
END_TEST

static void rekey(void)
{
    metrics_phase(PEER, "rekey");
    metrics_phase(PEER, "rekey");
    metrics_phase(PEER, "other");
}

START_TEST(later_exchanges_are_counted_and_not_measured)
{
    metrics_start();
    after_us(1, rekey);
    expect("\nnacre_rekeys_total 2\n");
    expect("\nnacre_handshake_seconds_count 0\n");
}
END_TEST

START_TEST(bytes_count_when_the_connection_ends)
{
    metrics_start();
    after_us(1, exchange); /* without a session there are none */
    expect("\nnacre_received_bytes_total 0\n");
    has_session = true;
    after_us(1, exchange);
    after_us(1, exchange);
    expect("\nnacre_received_bytes_total 20\n");
    expect("\nnacre_sent_bytes_total 40\n");
}
END_TEST

START_TEST(nothing_is_measured_before_the_start_or_without_memory)
{
    has_session = true;
    after_us(1, log_in);
    ck_assert_ptr_null(data);
    rekey();
    metrics_start();
    leftovers_refuse(1);
    after_us(1, log_in);
    expect("\nnacre_login_seconds_count 0\n");
    expect("\nnacre_received_bytes_total 10\n");
    expect("\nnacre_rekeys_total 0\n");
    has_session = false;
}
END_TEST

START_TEST(other_figures_are_the_servers_and_the_logs)
{
    static const struct {
        const char *name;
        unsigned value;
    } rows[] = {
        {"nacre_connections_accepted_total", 100 + NACRE_COUNT_ACCEPTED},
        {"nacre_connections", 100 + NACRE_COUNT_CONNECTIONS},
        {"nacre_startups", 100 + NACRE_COUNT_STARTUPS},
        {"nacre_logins_total", 100 + NACRE_COUNT_LOGINS},
        {"nacre_memory_bytes", 100 + NACRE_COUNT_MEMORY},
        {"nacre_log_lines_dropped_total", 300},
    };
    char line[128];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)snprintf(line, sizeof line, "\n%s %u\n", rows[i].name, rows[i].value);
        expect(line);
    }
    for (int i = 0; i < NACRE_LIMITS; i++) {
        (void)snprintf(line, sizeof line, "\nnacre_limits_reached_total{limit=\"%s\"} %d\n",
                       nacre_limit_name((enum nacre_limit)i), 200 + i);
        expect(line);
    }
    (void)snprintf(line, sizeof line, "\nnacre_build_info{version=\"%s\"} 1\n",
                   nacre_version_text());
    expect(line);
}
END_TEST

START_TEST(each_method_and_each_choice_has_a_label)
{
    static const char *const methods[] = {"publickey", "password", "keyboard-interactive",
                                          "unknown"};
    static const char *const kinds[] = {"kex",        "host_key", "cipher_in",
                                        "cipher_out", "mac_in",   "mac_out"};
    const struct nacre_negotiated n = {.kex = "curve25519-sha256",
                                       .host_key = "ssh-ed25519",
                                       .cipher_client_to_server = "aes128-ctr",
                                       .cipher_server_to_client = "aes256-ctr",
                                       .mac_client_to_server = "hmac-sha2-256",
                                       .mac_server_to_client = "hmac-sha2-512"};
    const char *const names[] = {n.kex,
                                 n.host_key,
                                 n.cipher_client_to_server,
                                 n.cipher_server_to_client,
                                 n.mac_client_to_server,
                                 n.mac_server_to_client};
    char line[128];

    metrics_start();
    metrics_negotiated(&n);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        (void)snprintf(line, sizeof line, "{kind=\"%s\",name=\"%s\"} 1\n", kinds[i], names[i]);
        expect(line);
    }
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        for (size_t k = 0; k <= i; k++)
            metrics_attempted(methods[i], k % 2 != 0);
        (void)snprintf(line, sizeof line, "{method=\"%s\",result=\"refused\"} %zu\n", methods[i],
                       i / 2 + 1);
        expect(line);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, a_time_counts_at_the_first_bound_that_it_does_not_exceed, 0, 2);
    add_test(suite, later_exchanges_are_counted_and_not_measured);
    add_test(suite, bytes_count_when_the_connection_ends);
    add_test(suite, nothing_is_measured_before_the_start_or_without_memory);
    add_test(suite, other_figures_are_the_servers_and_the_logs);
    add_test(suite, each_method_and_each_choice_has_a_label);
}
