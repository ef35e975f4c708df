/* Connections that begin with a header of the PROXY protocol, or should. */
#include "apps/server/parts.h"
#include "tests/support/client_story.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define CLIENT "PROXY TCP4 192.0.2.1 198.51.100.1 51234 22\r\n"

enum { WAITING_MAX = 1024 /* connections without their header, of one worker */ };

static struct served served;
static char notes[4096]; /* the events of all connections, in order */
static atomic_uint noted;

static void note(const char *event, const char *what)
{
    size_t len = strlen(notes);

    (void)snprintf(notes + len, sizeof notes - len, "%s %s;", event, what);
    atomic_fetch_add(&noted, 1);
}

static void on_accepted(struct nacre_peer *peer)
{
    note("accepted", strstr(nacre_peer_address(peer), "127.0.0.1:") != NULL
                         ? "the balancer"
                         : nacre_peer_address(peer));
}

static void on_refused(void *context, const char *address, enum nacre_limit limit,
                       uint64_t unlogged)
{
    (void)context;
    (void)unlogged;
    ck_assert(strncmp(address, "127.0.0.1:", 10) == 0 || limit != NACRE_LIMIT_PROXY_HEADER);
    note("refused", nacre_limit_name(limit));
}

static const struct nacre_server_events events = {.accepted = on_accepted, .refused = on_refused};

static void serve_behind(const char *proxy_from, struct nacre_server_config config)
{
    struct nacre_admission admission = {0};

    notes[0] = 0;
    noted = 0;
    config.events = &events;
    if (config.admission != NULL)
        admission = *config.admission;
    admission.proxy_from = proxy_from;
    config.admission = &admission;
    serve_config(&served, config);
}

static int connect_raw(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_port = htons((uint16_t)strtoul(strrchr(address(&served), ':') + 1, NULL, 10));
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* The first bytes from the server, at least as many as `wanted` has. */
static void assert_hears(int fd, const char *wanted)
{
    char got[512] = "";
    size_t len = 0;

    while (len < strlen(wanted)) {
        ssize_t n = recv(fd, got + len, sizeof got - 1 - len, 0);

        ck_assert_msg(n > 0, "only %zu bytes: %s", len, got);
        len += (size_t)n;
    }
    ck_assert_msg(strncmp(got, wanted, strlen(wanted)) == 0, "heard %s", got);
}

static void assert_ends(int fd)
{
    char got[4096];

    while (recv(fd, got, sizeof got, 0) > 0)
        continue;
    close(fd);
}

/* The server has handled everything that came before. */
static void wait_for_notes(unsigned count)
{
    while (atomic_load(&noted) < count)
        (void)usleep(1000);
}

START_TEST(the_session_begins_with_the_address_of_the_header)
{
    int fd;

    serve_behind("127.0.0.0/8", (struct nacre_server_config){.version = NACRE_VERSION_NUMBER});
    fd = connect_raw();
    say(fd, CLIENT "SSH-2.0-x\r\n"); /* in one piece */
    assert_hears(fd, "SSH-2.0-nacre");
    close(fd);
    fd = connect_raw();
    for (const char *at = CLIENT; *at != 0; at++) {
        char one[2] = {*at, 0};

        say(fd, one);
        (void)usleep(500); /* so that some arrive alone */
    }
    assert_hears(fd, "SSH-2.0-nacre");
    close(fd);
    end_server(&served);
    ck_assert_str_eq(notes, "accepted 192.0.2.1:51234;accepted 192.0.2.1:51234;");
}
END_TEST

START_TEST(a_connection_without_a_header_is_refused)
{
    int fd;

    serve_behind("127.0.0.1", (struct nacre_server_config){.version = NACRE_VERSION_NUMBER});
    fd = connect_raw();
    say(fd, "SSH-2.0-OpenSSH_9.2\r\n");
    assert_hears(fd, "Expected a header of the PROXY protocol\r\n");
    assert_ends(fd);
    wait_for_notes(1); /* the counter comes before the event */
    ck_assert_uint_eq(nacre_server_limited(served.server, NACRE_LIMIT_PROXY_HEADER), 1);
    end_server(&served);
    ck_assert_str_eq(notes, "refused proxy-from;");
}
END_TEST

START_TEST(a_header_that_does_not_come_in_time_is_refused)
{
    int fd;

    serve_behind("127.0.0.1",
                 (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                              .limits = &(struct nacre_limits){.handshake_ms = 1}});
    fd = connect_raw();
    say(fd, "PROXY TCP4 192.0.2.1");
    assert_ends(fd);
    end_server(&served);
    ck_assert_str_eq(notes, "refused proxy-from;");
}
END_TEST

/* From anywhere else, it is no identification: nobody can pretend to be another. */
START_TEST(a_header_from_elsewhere_is_not_believed)
{
    int fd;

    serve_behind("10.0.0.0/8,192.0.2.1",
                 (struct nacre_server_config){.version = NACRE_VERSION_NUMBER});
    fd = connect_raw();
    say(fd, CLIENT);
    assert_ends(fd);
    end_server(&served);
    ck_assert_str_eq(notes, "accepted the balancer;");
}
END_TEST

START_TEST(a_health_check_is_neither_reported_nor_penalised)
{
    const struct nacre_admission strict = {.penalty_noauth_ms = 1000 * 1000,
                                           .penalty_authfail_ms = 1000 * 1000};
    int fd;

    serve_behind("127.0.0.1", (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                                           .admission = &strict});
    close(connect_raw()); /* as soon as it is connected, */
    fd = connect_raw();
    say(fd, "PROXY TC"); /* in the middle of the header, */
    close(fd);
    for (int i = 0; i < 3; i++) {
        fd = connect_raw();
        say(fd, "PROXY UNKNOWN\r\n"); /* and after it */
        assert_hears(fd, "SSH-2.0-nacre");
        close(fd);
    }
    wait_for_notes(3);
    end_server(&served);
    ck_assert_str_eq(notes, "accepted the balancer;accepted the balancer;accepted the balancer;");
}
END_TEST

START_TEST(the_client_behind_the_balancer_is_penalised)
{
    const struct nacre_admission strict = {.penalty_noauth_ms = 1000 * 1000,
                                           .penalty_authfail_ms = 1000 * 1000};
    int fd;

    serve_behind("127.0.0.1", (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                                           .admission = &strict});
    fd = connect_raw();
    say(fd, CLIENT "no identification\r\n");
    assert_ends(fd);
    fd = connect_raw();
    say(fd, CLIENT);
    assert_hears(fd, "Not allowed at this time");
    assert_ends(fd);
    fd = connect_raw(); /* another client */
    say(fd, "PROXY TCP4 203.0.113.9 198.51.100.1 9 22\r\n");
    assert_hears(fd, "SSH-2.0-nacre");
    close(fd);
    end_server(&served);
    ck_assert_str_eq(notes, "accepted 192.0.2.1:51234;refused per-source-penalties;"
                            "accepted 203.0.113.9:9;");
}
END_TEST

/* Both ends of each connection are in this process; the usual limit is 1024. */
static void raise_descriptors(void)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(those_that_wait_are_bounded_and_end_with_the_server)
{
    int fds[WAITING_MAX], last;

    raise_descriptors();
    serve_behind("127.0.0.1", (struct nacre_server_config){.version = NACRE_VERSION_NUMBER});
    for (int i = 0; i < WAITING_MAX; i++)
        fds[i] = connect_raw();
    last = connect_raw();
    assert_hears(last, "Exceeded MaxStartups");
    assert_ends(last);
    close(fds[0]); /* makes room */
    while (*(const volatile uint32_t *)&served.server->workers[0].proxied_count == WAITING_MAX)
        (void)usleep(1000);
    last = connect_raw();
    say(last, CLIENT "SSH-2.0-x\r\n");
    assert_hears(last, "SSH-2.0-nacre");
    close(last);
    end_server(&served);
    for (int i = 1; i < WAITING_MAX; i++)
        assert_ends(fds[i]);
    ck_assert_str_eq(notes, "refused max-startups;accepted 192.0.2.1:51234;");
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, the_session_begins_with_the_address_of_the_header);
    add_test(suite, a_connection_without_a_header_is_refused);
    add_test(suite, a_header_that_does_not_come_in_time_is_refused);
    add_test(suite, a_header_from_elsewhere_is_not_believed);
    add_test(suite, a_health_check_is_neither_reported_nor_penalised);
    add_test(suite, the_client_behind_the_balancer_is_penalised);
    add_test(suite, those_that_wait_are_bounded_and_end_with_the_server);
}
