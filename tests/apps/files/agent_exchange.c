#include "apps/files/agent_exchange.h"

#include "tests/support/scratch.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int listener = -1;
static struct agent_exchange x;

static void listen_at(const char *path, int backlog)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listener, backlog), 0);
}

#define TEXT(text) ((struct bytes){(const uint8_t *)(text), sizeof(text) - 1})

static void begin(struct bytes request)
{
    ck_assert(agent_exchange_begin(&x, scratch_path("agent"), request));
}

static void expect(enum agent_progress progress)
{
    ck_assert_int_eq(agent_exchange_step(&x), progress);
}

START_TEST(a_reply_may_come_byte_by_byte)
{
    static const char reply[] = "\0\0\0\3abc";
    char request[8];
    int fd;

    listen_at(scratch_path("agent"), 1);
    begin(TEXT("request"));
    expect(AGENT_READABLE);
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    ck_assert_int_eq(recv(fd, request, sizeof request, 0), 7);
    for (size_t i = 0; i < sizeof reply - 1; i++) {
        expect(AGENT_READABLE);
        ck_assert_int_eq(send(fd, reply + i, 1, 0), 1);
    }
    expect(AGENT_ANSWERED);
    assert_bytes((struct bytes){x.reply, x.reply_len}, TEXT("abc"));
    agent_exchange_clear(&x);
    agent_exchange_clear(&x);
    close(fd);
}
END_TEST

START_TEST(a_reply_that_ends_early_or_has_a_wrong_length_is_an_error)
{
    static const struct bytes replies[] = {{NULL, 0},
                                           {(const uint8_t *)"\0\0\0", 3},
                                           {(const uint8_t *)"\0\0\0\2a", 5},
                                           {(const uint8_t *)"\0\0\0\0a", 5},
                                           {(const uint8_t *)"\0\4\0\1a", 5},
                                           {(const uint8_t *)"\xff\xff\xff\xff", 4}};

    listen_at(scratch_path("agent"), 1);
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        int fd;

        begin(TEXT("r"));
        expect(AGENT_READABLE);
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        ck_assert_int_eq(send(fd, replies[i].at, replies[i].len, 0), (int)replies[i].len);
        (void)shutdown(fd, SHUT_WR);
        expect(AGENT_FAILED);
        ck_assert_int_eq(errno, EPROTO);
        agent_exchange_clear(&x);
        close(fd);
    }
}
END_TEST

START_TEST(an_agent_without_room_for_a_connection_is_tried_again)
{
    int first, second;

    listen_at(scratch_path("agent"), 0);
    begin(TEXT("r"));
    expect(AGENT_READABLE); /* one connection waits, */
    first = x.fd;
    x.fd = -1;
    x.sent = 0;
    expect(AGENT_RETRY); /* ... and a second one may not */
    expect(AGENT_RETRY);
    second = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    ck_assert_int_ge(second, 0);
    expect(AGENT_READABLE);
    agent_exchange_clear(&x);
    close(second);
    close(first);
}
END_TEST

START_TEST(an_agent_that_does_not_read_blocks_nothing)
{
    const size_t len = 8 << 20;
    uint8_t *request = calloc(1, len), part[65536];
    size_t got = 0;
    int fd;

    for (size_t i = 0; i < len; i++)
        request[i] = (uint8_t)(i * 7 + i / 251);
    listen_at(scratch_path("agent"), 1);
    begin((struct bytes){request, len});
    expect(AGENT_WRITABLE);
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    while (got < len) {
        ssize_t n = recv(fd, part, sizeof part, 0);

        ck_assert_int_gt(n, 0);
        ck_assert_uint_le(got + (size_t)n, len);
        ck_assert_mem_eq(part, request + got, (size_t)n);
        got += (size_t)n;
        ck_assert_int_eq(agent_exchange_step(&x) == AGENT_WRITABLE, x.sent < len);
    }
    ck_assert_int_eq(recv(fd, part, 1, MSG_DONTWAIT), -1); /* nothing follows */
    agent_exchange_clear(&x);
    free(request);
    close(fd);
}
END_TEST

START_TEST(a_missing_agent_and_a_name_that_is_too_long_are_errors)
{
    char longest[200];

    begin(TEXT("r"));
    expect(AGENT_FAILED);
    ck_assert_int_eq(errno, ENOENT);
    agent_exchange_clear(&x);
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = 0;
    ck_assert(agent_exchange_begin(&x, longest, TEXT("r")));
    expect(AGENT_FAILED);
    ck_assert_int_eq(errno, ENAMETOOLONG);
    agent_exchange_clear(&x);
}
END_TEST

static void *trickle(void *unused)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    static const char header[] = "\0\4\0\0";

    if (send(fd, header, 4, MSG_NOSIGNAL) == 4)
        while (send(fd, "x", 1, MSG_NOSIGNAL) == 1)
            usleep(1000);
    close(fd);
    return unused;
}

/* The deadline is for the reply, not for each byte. */
START_TEST(bytes_that_trickle_in_do_not_move_the_deadline)
{
    pthread_t thread;
    size_t len;

    listen_at(scratch_path("agent"), 1);
    ck_assert_int_eq(pthread_create(&thread, NULL, trickle, NULL), 0);
    ck_assert_ptr_null(agent_exchange_wait(scratch_path("agent"), TEXT("r"), 100, &len));
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

/* Make space for a second connection after it was refused at least once, and answer that one. */
static void *accept_late(void *unused)
{
    static const char reply[] = "\0\0\0\1x";
    int first, second;
    char request;

    usleep(100 * 1000);
    first = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    second = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    (void)!recv(second, &request, 1, 0); /* or the request might find the connection closed */
    (void)!send(second, reply, sizeof reply - 1, MSG_NOSIGNAL);
    close(second);
    close(first);
    return unused;
}

/* It tries again soon, not at the deadline. */
START_TEST(an_agent_that_makes_space_is_found_soon)
{
    enum { DEADLINE_MS = 60 * 1000 };
    pthread_t thread;
    uint8_t *reply;
    size_t len;

    listen_at(scratch_path("agent"), 0);
    begin(TEXT("r"));
    expect(AGENT_READABLE); /* the one that waits */
    ck_assert_int_eq(pthread_create(&thread, NULL, accept_late, NULL), 0);
    reply = agent_exchange_wait(scratch_path("agent"), TEXT("r"), DEADLINE_MS, &len);
    ck_assert_ptr_nonnull(reply);
    ck_assert_uint_eq(len, 1);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    free(reply);
    agent_exchange_clear(&x);
}
END_TEST

static void close_listener(void)
{
    (void)close(listener);
}

void add_tests(struct suite *suite)
{
    suite_fixture(suite, NULL, close_listener);
    scratch_folder(suite);
    add_test(suite, a_reply_may_come_byte_by_byte);
    add_test(suite, a_reply_that_ends_early_or_has_a_wrong_length_is_an_error);
    add_test(suite, an_agent_without_room_for_a_connection_is_tried_again);
    add_test(suite, an_agent_that_does_not_read_blocks_nothing);
    add_test(suite, a_missing_agent_and_a_name_that_is_too_long_are_errors);
    add_test(suite, an_agent_that_makes_space_is_found_soon);
    add_test(suite, bytes_that_trickle_in_do_not_move_the_deadline);
}
