#include "apps/daemon/metrics.h"

#include "apps/daemon/log_writer.h"
#include "apps/session/algorithm_list.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    US = 1000000, /* microseconds in a second */
    NAMES_MAX = 64,
    BOUNDS = 13,
};

/* The upper bounds of the buckets, in microseconds, and as they are printed */
static const struct {
    uint32_t us;
    const char *seconds;
} bounds[BOUNDS] = {
    {5000, "0.005"},  {10000, "0.01"},  {25000, "0.025"}, {50000, "0.05"},  {100000, "0.1"},
    {250000, "0.25"}, {500000, "0.5"},  {1000000, "1"},   {2500000, "2.5"}, {5000000, "5"},
    {10000000, "10"}, {30000000, "30"}, {60000000, "60"},
};

struct histogram {
    _Atomic uint64_t buckets[BOUNDS + 1]; /* not cumulative; the last is beyond all bounds */
    _Atomic uint64_t sum_us;
};

enum { HANDSHAKE, LOGIN, TIMES };
enum { RECEIVED, SENT, CHANNELS_OPENED, CHANNELS_CLOSED, EXCHANGES, REKEYS, COUNTS };

/* As nacre_auth_policy.attempted has them */
static const char *const methods[] = {"publickey", "password", "keyboard-interactive", "unknown"};
enum { METHODS = sizeof methods / sizeof methods[0] };

/* What a key exchange chooses, as the log names it */
static const struct {
    const char *label;
    enum nacre_algorithm_kind kind;
    size_t member;
} choices[] = {
    {"kex", NACRE_KEX, offsetof(struct nacre_negotiated, kex)},
    {"host_key", NACRE_HOST_KEY, offsetof(struct nacre_negotiated, host_key)},
    {"cipher_in", NACRE_CIPHER, offsetof(struct nacre_negotiated, cipher_client_to_server)},
    {"cipher_out", NACRE_CIPHER, offsetof(struct nacre_negotiated, cipher_server_to_client)},
    {"mac_in", NACRE_MAC, offsetof(struct nacre_negotiated, mac_client_to_server)},
    {"mac_out", NACRE_MAC, offsetof(struct nacre_negotiated, mac_server_to_client)},
};
enum { CHOICES = sizeof choices / sizeof choices[0] };

static bool on; /* set once, before there are threads */
static _Atomic uint64_t counts[COUNTS];
static _Atomic uint64_t attempts[METHODS][2]; /* [granted] */
static _Atomic uint64_t chosen[CHOICES][NAMES_MAX];
static _Atomic uint64_t lag_us;
static struct histogram times[TIMES];

/* ---- counting ---- */

void metrics_start(void)
{
    on = true;
}

bool metrics_are_on(void)
{
    return on;
}

static void add(int which, uint64_t n)
{
    if (on)
        counts[which] += n;
}

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * US + (uint64_t)now.tv_nsec / 1000;
}

/* The peer's data is the time at which it connected; NULL when memory was out. */
static void measure(const struct nacre_peer *peer, struct histogram *h)
{
    const uint64_t *since = on ? nacre_peer_data(peer) : NULL;
    uint64_t us = since != NULL ? now_us() - *since : 0;
    size_t i = 0;

    if (since == NULL)
        return;
    while (i < BOUNDS && us > bounds[i].us)
        i++;
    h->buckets[i]++;
    h->sum_us += us;
}

void metrics_accepted(struct nacre_peer *peer)
{
    uint64_t *since = on ? malloc(sizeof *since) : NULL;

    if (since == NULL)
        return;
    *since = now_us();
    nacre_peer_set_data(peer, since);
}

void metrics_phase(const struct nacre_peer *peer, const char *phase)
{
    if (strcmp(phase, "first") == 0) /* the first NEWKEYS has come */
        measure(peer, &times[HANDSHAKE]);
    else if (strcmp(phase, "rekey") == 0)
        add(REKEYS, 1);
}

void metrics_authenticated(struct nacre_peer *peer, const char *user)
{
    (void)user;
    measure(peer, &times[LOGIN]);
}

void metrics_attempted(const char *method, bool granted)
{
    size_t i = 0;

    while (i + 1 < METHODS && strcmp(method, methods[i]) != 0)
        i++;
    if (on)
        attempts[i][granted]++;
}

static void count_choice(size_t choice, const char *name)
{
    const char *known;
    bool off;

    for (size_t i = 0; name != NULL && i < NAMES_MAX &&
                       (known = nacre_algorithm_name(choices[choice].kind, i, &off)) != NULL;
         i++)
        if (strcmp(known, name) == 0)
            chosen[choice][i]++;
}

void metrics_negotiated(const struct nacre_negotiated *n)
{
    add(EXCHANGES, 1);
    for (size_t i = 0; on && i < CHOICES; i++)
        count_choice(i, *(const char *const *)((const char *)n + choices[i].member));
}

void metrics_ended(struct nacre_peer *peer)
{
    uint64_t in, out;

    if (!on)
        return;
    if (nacre_peer_session(peer) != NULL) {
        nacre_session_counters(nacre_peer_session(peer), &in, &out);
        add(RECEIVED, in);
        add(SENT, out);
    }
    free(nacre_peer_data(peer));
    nacre_peer_set_data(peer, NULL);
}

void metrics_channel_opened(void)
{
    add(CHANNELS_OPENED, 1);
}

void metrics_channel_closed(void)
{
    add(CHANNELS_CLOSED, 1);
}

void metrics_lag(uint64_t us)
{
    lag_us = us;
}

/* ---- printing ---- */

/* One line, or nothing when it does not fit: a reader never sees a part of a line. */
static void put(struct metrics_text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put(struct metrics_text *t, const char *format, ...)
{
    size_t space = METRICS_TEXT_MAX - t->len;
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(t->text + t->len, space, format, arguments);
    va_end(arguments);
    if (n > 0 && (size_t)n < space)
        t->len += (size_t)n;
}

static void put_value(struct metrics_text *t, const struct metric *m, uint64_t value)
{
    put(t, "%s %" PRIu64 "\n", m->name, value);
}

static void put_build(struct metrics_text *t, const struct metric *m)
{
    put(t, "%s{version=\"%s\"} 1\n", m->name, nacre_version_text());
}

static void put_server(struct metrics_text *t, const struct metric *m)
{
    put_value(t, m, nacre_server_counter(t->server, (enum nacre_counter)m->which));
}

static void put_count(struct metrics_text *t, const struct metric *m)
{
    put_value(t, m, counts[m->which]);
}

/* Closed is read first: a channel that ends meanwhile must not make the difference negative. */
static void put_channels(struct metrics_text *t, const struct metric *m)
{
    uint64_t closed = counts[CHANNELS_CLOSED];

    put_value(t, m, counts[CHANNELS_OPENED] - closed);
}

static void put_dropped(struct metrics_text *t, const struct metric *m)
{
    put_value(t, m, log_dropped());
}

static void put_lag(struct metrics_text *t, const struct metric *m)
{
    uint64_t us = lag_us;

    put(t, "%s %" PRIu64 ".%06" PRIu64 "\n", m->name, us / US, us % US);
}

static void put_attempts(struct metrics_text *t, const struct metric *m)
{
    static const char *const results[] = {"refused", "granted"};

    for (size_t i = 0; i < METHODS; i++)
        for (size_t granted = 0; granted < 2; granted++)
            put(t, "%s{method=\"%s\",result=\"%s\"} %" PRIu64 "\n", m->name, methods[i],
                results[granted], attempts[i][granted]);
}

static void put_limits(struct metrics_text *t, const struct metric *m)
{
    for (int i = 0; i < NACRE_LIMITS; i++)
        put(t, "%s{limit=\"%s\"} %" PRIu64 "\n", m->name, nacre_limit_name((enum nacre_limit)i),
            nacre_server_limited(t->server, (enum nacre_limit)i));
}

static void put_choice(struct metrics_text *t, const struct metric *m, size_t choice)
{
    const char *name;
    bool off;

    for (size_t i = 0;
         i < NAMES_MAX && (name = nacre_algorithm_name(choices[choice].kind, i, &off)) != NULL; i++)
        put(t, "%s{kind=\"%s\",name=\"%s\"} %" PRIu64 "\n", m->name, choices[choice].label, name,
            chosen[choice][i]);
}

static void put_algorithms(struct metrics_text *t, const struct metric *m)
{
    for (size_t i = 0; i < CHOICES; i++)
        put_choice(t, m, i);
}

/* _count is the sum of the buckets that were printed, because other threads count meanwhile. */
static void put_histogram(struct metrics_text *t, const struct metric *m)
{
    const struct histogram *h = &times[m->which];
    uint64_t count = 0, sum = h->sum_us;

    for (size_t i = 0; i <= BOUNDS; i++) {
        count += h->buckets[i];
        put(t, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", m->name,
            i < BOUNDS ? bounds[i].seconds : "+Inf", count);
    }
    put(t, "%s_sum %" PRIu64 ".%06" PRIu64 "\n", m->name, sum / US, sum % US);
    put(t, "%s_count %" PRIu64 "\n", m->name, count);
}

/* clang-format off */
const struct metric metrics_table[] = {
    {"nacre_build_info", "gauge", "The version of the server; always 1.", put_build, 0, "version"},
    {"nacre_connections_accepted_total", "counter", "Connections since the start.", put_server, NACRE_COUNT_ACCEPTED, NULL},
    {"nacre_connections", "gauge", "Connections now.", put_server, NACRE_COUNT_CONNECTIONS, NULL},
    {"nacre_startups", "gauge", "Connections now that have not logged in.", put_server, NACRE_COUNT_STARTUPS, NULL},
    {"nacre_logins_total", "counter", "Logins since the start.", put_server, NACRE_COUNT_LOGINS, NULL},
    {"nacre_login_attempts_total", "counter", "Login attempts that were decided, as event=auth of the log.", put_attempts, 0, "method, result"},
    {"nacre_limits_reached_total", "counter", "How often a limit, such as penalties, has refused, delayed or ended something.", put_limits, 0, "limit"},
    {"nacre_memory_bytes", "gauge", "Memory taken from the budget of all sessions now.", put_server, NACRE_COUNT_MEMORY, NULL},
    {"nacre_received_bytes_total", "counter", "Bytes received by connections that have ended.", put_count, RECEIVED, NULL},
    {"nacre_sent_bytes_total", "counter", "Bytes sent by connections that have ended.", put_count, SENT, NULL},
    {"nacre_channels_opened_total", "counter", "Session channels that were opened.", put_count, CHANNELS_OPENED, NULL},
    {"nacre_channels", "gauge", "Session channels now.", put_channels, 0, NULL},
    {"nacre_key_exchanges_total", "counter", "Key exchanges that agreed on algorithms, the first one of each connection included.", put_count, EXCHANGES, NULL},
    {"nacre_rekeys_total", "counter", "Key exchanges that began after the first one of a connection.", put_count, REKEYS, NULL},
    {"nacre_algorithms_chosen_total", "counter", "How often a key exchange chose an algorithm.", put_algorithms, 0, "kind, name"},
    {"nacre_handshake_seconds", "histogram", "From the connection to the end of its first key exchange.", put_histogram, HANDSHAKE, "le"},
    {"nacre_login_seconds", "histogram", "From the connection to the login.", put_histogram, LOGIN, "le"},
    {"nacre_event_loop_lag_seconds", "gauge", "How late the first worker's last timer was; one is set every second.", put_lag, 0, NULL},
    {"nacre_log_lines_dropped_total", "counter", "Lines of the log that were dropped because it was not read fast enough.", put_dropped, 0, NULL},
    {NULL, NULL, NULL, NULL, 0, NULL},
};
/* clang-format on */

size_t metrics_print(const struct nacre_server *server, char *text)
{
    struct metrics_text t = {.text = text, .server = server};

    for (const struct metric *m = metrics_table; m->name != NULL; m++) {
        put(&t, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name, m->type);
        m->put(&t, m);
    }
    return t.len;
}
