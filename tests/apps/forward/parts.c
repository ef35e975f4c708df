/* Limits, places and names of forwards, on both sides of each limit. */
#include "apps/forward/bind.h"
#include "apps/runtime/stream.h"
#include "tests/support/forward_parties.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/sockets.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LISTENERS = 16, CONNECTIONS = 256, TYPE_MAX = 64 };

static unsigned refuse; /* the allocation for a connection that fails, counted from 1 */
static bool no_stream;
static unsigned begun, ended;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
enum nacre_answer __real_nacre_forward_connect(struct nacre_forwards *f, struct nacre_channel *ch,
                                               const char *place);
struct nacre_stream *__real_nacre_stream_join(struct nacre_channel *ch, struct nacre_loop *at,
                                              const struct nacre_stream_config *config);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

OWN(enum nacre_answer, nacre_forward_connect, struct nacre_forwards *f, struct nacre_channel *ch,
    const char *place)
{
    enum nacre_answer answer;

    leftovers_refuse(refuse);
    answer = __real_nacre_forward_connect(f, ch, place);
    leftovers_refuse(0);
    return answer;
}

OWN(struct nacre_stream *, nacre_stream_join, struct nacre_channel *ch, struct nacre_loop *at,
    const struct nacre_stream_config *config)
{
    if (!no_stream)
        return __real_nacre_stream_join(ch, at, config);
    (void)close(config->input);
    return NULL;
}

static bool full;

static bool begin(void *context)
{
    (void)context;
    begun++;
    return !full;
}

static void end(void *context)
{
    (void)context;
    ended++;
}

START_TEST(connections_are_counted_up_to_the_limit)
{
    const struct nacre_forwarding policy = {
        .begin = begin, .end = end, .connections_max = _i == 0 ? 0 : 3};
    struct nacre_forwards f = {.policy = &policy};
    const unsigned most = _i == 0 ? CONNECTIONS : 3;

    for (unsigned i = 0; i < most; i++)
        ck_assert(forwards_begin(&f));
    ck_assert(!forwards_begin(&f));
    ck_assert_uint_eq(begun, most); /* the application is not asked */
    forwards_end(&f);
    ck_assert_uint_eq(ended, 1);
    full = true;
    ck_assert(!forwards_begin(&f));
    ck_assert_uint_eq(f.connections, most - 1);
    full = false;
    ck_assert(forwards_begin(&f));
    ck_assert_uint_eq(f.connections, most);
}
END_TEST

START_TEST(without_functions_there_is_nothing_to_call)
{
    const struct nacre_forwarding policy = {.connections_max = 1};
    struct nacre_forwards f = {.policy = &policy};

    ck_assert(forwards_begin(&f));
    forwards_event(&f, NACRE_FORWARD_CONNECTED, NULL, "");
    forwards_end(&f);
    ck_assert_uint_eq(f.connections, 0);
}
END_TEST

static const struct {
    const char *place, *host;
    uint32_t port;
    bool is_path, good;
} places[] = {
    {"localhost:22", "localhost", 22, false, true},
    {"[::1]:65535", "::1", 65535, false, true},
    {"host:0", "host", 0, false, true},
    {":80", "", 80, false, true},
    {"host:65536", "", 0, false, false},
    {"host:", "", 0, false, false},
    {"host:00000", "host", 0, false, true},
    {"host:000000", "", 0, false, false},
    {"host", "", 0, false, false},
    {"::1:22", "", 0, false, false},
    {"/run/socket", "/run/socket", 0, true, true},
    {"./host:22", "./host:22", 0, true, true},
};

START_TEST(a_place_is_an_address_or_a_path)
{
    struct nacre_target target;

    ck_assert_int_eq(forwards_place(&target, places[_i].place), places[_i].good);
    if (!places[_i].good)
        return;
    ck_assert_str_eq(target.host, places[_i].host);
    ck_assert_uint_eq(target.port, places[_i].port);
    ck_assert_int_eq(target.is_path, places[_i].is_path);
}
END_TEST

START_TEST(a_place_has_a_length)
{
    struct nacre_target target;
    char path[NACRE_HOST_MAX + 1] = "";

    memset(path, '/', NACRE_HOST_MAX - 1);
    ck_assert(forwards_place(&target, path));
    ck_assert_str_eq(target.host, path);
    path[NACRE_HOST_MAX - 1] = '/';
    ck_assert(!forwards_place(&target, path));
}
END_TEST

static struct nacre_forward_listener *listen_for(const char *place, const char *type,
                                                 const char *target, char errbuf[256])
{
    errbuf[0] = 0;
    return nacre_forward_listen(parties[NACRE_CLIENT].forwards, place, type, target, errbuf, 256);
}

START_TEST(listeners_have_a_limit)
{
    struct nacre_forward_listener *all[LISTENERS];
    const uint32_t most = _i == 0 ? LISTENERS : 2;
    char errbuf[256];

    start();
    parties[NACRE_CLIENT].policy.listeners_max = _i == 0 ? 0 : 2;
    for (uint32_t i = 0; i < most; i++) {
        all[i] = listen_for("127.0.0.1:0", "direct-tcpip", "h:1", errbuf);
        ck_assert_msg(all[i] != NULL, "%s", errbuf);
    }
    ck_assert_ptr_null(listen_for("127.0.0.1:0", "direct-tcpip", "h:1", errbuf));
    ck_assert_str_eq(errbuf, "cannot listen on 127.0.0.1:0: too many listeners");
    nacre_forward_close(all[1]); /* in the middle of the list */
    all[1] = listen_for("127.0.0.1:0", "direct-tcpip", "h:1", errbuf);
    ck_assert_msg(all[1] != NULL, "%s", errbuf);
    nacre_forward_close(all[0]);
    nacre_forward_close(NULL);
    finish();
}
END_TEST

START_TEST(a_listener_that_cannot_be_says_why)
{
    char errbuf[256], type[TYPE_MAX + 2] = "";
    struct nacre_forward_listener *l;

    start();
    ck_assert_ptr_null(listen_for("nowhere", "direct-tcpip", "h:1", errbuf));
    ck_assert_str_eq(errbuf,
                     "cannot forward from nowhere: write HOST:PORT or the path of a socket");
    ck_assert_ptr_null(listen_for("127.0.0.1:0", "direct-tcpip", "h", errbuf));
    ck_assert_str_ne(errbuf, "");
    ck_assert_ptr_null(listen_for("192.0.2.1:0", "direct-tcpip", "h:1", errbuf));
    ck_assert_str_eq(errbuf, "cannot listen on 192.0.2.1:0: Cannot assign requested address");
    leftovers_refuse(1);
    l = listen_for("127.0.0.1:0", "direct-tcpip", "h:1", errbuf);
    ck_assert_ptr_null(l);
    ck_assert_str_eq(errbuf, "cannot listen on 127.0.0.1:0: Cannot allocate memory");
    ck_assert_str_eq(parties[NACRE_CLIENT].events, ""); /* it never listened */
    memset(type, 't', TYPE_MAX);
    l = listen_for(":0", type, "h:1", errbuf);
    ck_assert_msg(l != NULL, "%s", errbuf);
    ck_assert_str_eq(nacre_forward_target(l)->host, "localhost");
    type[TYPE_MAX] = 't';
    ck_assert_ptr_null(listen_for(":0", type, "h:1", errbuf));
    finish();
}
END_TEST

/* Connections wait in the kernel meanwhile. */
START_TEST(a_listener_that_accepts_nothing_pauses_for_200_ms)
{
    struct nacre_forward_listener *l;
    int here;

    start();
    l = forward("direct-tcpip", "127.0.0.1", 1);
    parties[NACRE_CLIENT].full = true;
    here = connect_to(nacre_forward_target(l));
    AWAIT(forward_loop()->timers == 1);
    ck_assert_uint_le(forward_loop()->heap[0]->at_ms, forward_loop()->now_ms + 200);
    ck_assert_uint_gt(forward_loop()->heap[0]->at_ms, forward_loop()->now_ms + 100);
    parties[NACRE_CLIENT].full = false;
    AWAIT(reported(NACRE_CLIENT, "accepted;"));
    (void)close(here);
    finish();
}
END_TEST

static char refused[128];
static uint32_t refusal;
static struct nacre_channel *opened;
static unsigned closed;

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    (void)ch;
    refusal = why->code;
    (void)snprintf(refused, sizeof refused, "%s", why->text);
    closed++;
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    opened = ch;
    return NACRE_GRANT;
}

static void open_to_agent(const char *place)
{
    static const struct nacre_channel_app app = {.open = on_open, .closed = on_closed};

    (void)snprintf(agent, sizeof agent, "%s", place);
    ck_assert_ptr_nonnull(
        nacre_session_open_channel(p.server.session, "auth-agent@openssh.com", &app, NULL, "", 0));
}

START_TEST(a_channel_to_no_address_is_refused)
{
    start();
    open_to_agent("nowhere");
    AWAIT(closed == 1);
    ck_assert_str_eq(refused, "malformed address");
    ck_assert_uint_eq(refusal, NACRE_REASON_CONNECT_FAILED);
    ck_assert_int_eq(parties[NACRE_CLIENT].connections, 0);
    finish();
}
END_TEST

/* For the connection, for its name, or for the stream. */
START_TEST(a_channel_without_memory_is_refused)
{
    uint16_t port;
    int target = listen_at(&port);
    char place[64];

    start();
    (void)snprintf(place, sizeof place, "%s:%u", _i == 2 ? "127.0.0.1" : "name.example", port);
    refuse = _i < 2 ? 1 + (unsigned)_i : 0;
    no_stream = _i == 2;
    open_to_agent(place);
    AWAIT(closed == 1);
    ck_assert_str_eq(refused, _i == 2 ? "out of memory or descriptors" : "too many connections");
    ck_assert_uint_eq(refusal, NACRE_REASON_SHORTAGE);
    ck_assert_int_eq(parties[NACRE_CLIENT].connections, 0);
    (void)close(target);
    refuse = 0;
    no_stream = false;
    finish();
}
END_TEST

/* It decides about a channel while that is opened, and not later. */
START_TEST(an_open_channel_cannot_be_connected)
{
    uint16_t port;
    int target = listen_at(&port), there;
    char place[64];

    start();
    (void)snprintf(place, sizeof place, "127.0.0.1:%u", port);
    open_to_agent(place);
    there = accept_from(target);
    AWAIT(opened != NULL);
    ck_assert_int_eq(nacre_forward_connect(parties[NACRE_SERVER].forwards, opened, place),
                     NACRE_REFUSE);
    ck_assert_int_eq(parties[NACRE_SERVER].connections, 0);
    (void)close(there);
    (void)close(target);
    finish();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, connections_are_counted_up_to_the_limit, 0, 2);
    add_test(suite, without_functions_there_is_nothing_to_call);
    add_loop(suite, a_place_is_an_address_or_a_path, 0, sizeof places / sizeof places[0]);
    add_test(suite, a_place_has_a_length);
    add_loop(suite, listeners_have_a_limit, 0, 2);
    add_test(suite, a_listener_that_cannot_be_says_why);
    add_test(suite, a_listener_that_accepts_nothing_pauses_for_200_ms);
    add_test(suite, a_channel_to_no_address_is_refused);
    add_loop(suite, a_channel_without_memory_is_refused, 0, 3);
    add_test(suite, an_open_channel_cannot_be_connected);
}
