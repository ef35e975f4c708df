/* Listening sockets: lists, both families, addresses as text. */
#include "apps/server/listen.h"
#include "tests/support/scratch.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static int v6only = -1; /* what was set last */

/* The kernel's default may be either, so that reading the option back says nothing. */
int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY)
        v6only = *(const int *)value;
    return (int)syscall(SYS_setsockopt, fd, level, name, value, size);
}

static int backlog;

int listen(int fd, int most)
{
    backlog = most;
    return (int)syscall(SYS_listen, fd, most);
}

static struct listen_address address;
static char sentence[512];
static const struct errbuf p = {sentence, sizeof sentence};

static int option(int fd, int level, int name)
{
    int value = 0;
    socklen_t size = sizeof value;

    ck_assert_int_eq(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

static int open_at(const char *text)
{
    ck_assert_msg(listen_resolve(text, &address, &p), "%s", sentence);
    return listen_open(&address, &p);
}

static in_port_t port_of(int fd)
{
    struct sockaddr_in6 at = {.sin6_port = 0};
    socklen_t len = sizeof at;

    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    return at.sin6_port;
}

/* Does a connection to 127.0.0.1 succeed? */
static bool reaches_ipv4(in_port_t port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = port};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = connect(fd, (struct sockaddr *)&to, sizeof to) == 0;

    close(fd);
    return good;
}

START_TEST(a_socket_listens_and_never_blocks)
{
    int fd = open_at("127.0.0.1:0");

    ck_assert_int_ge(fd, 0);
    ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_ne(option(fd, SOL_SOCKET, SO_REUSEADDR), 0);
    ck_assert_int_eq(option(fd, SOL_SOCKET, SO_REUSEPORT), 0);
    ck_assert_int_ne(option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
    ck_assert_int_eq(backlog, 1024);
    close(fd);
}
END_TEST

START_TEST(a_port_in_use_is_refused)
{
    char text[NACRE_LISTEN_ADDRESS_MAX];
    int one = open_at("127.0.0.1:0");

    listen_text(text, one);
    ck_assert_int_lt(open_at(text), 0);
    assert_says(sentence, "cannot listen on 127.0.0.1:");
    assert_says(sentence, "Address already in use");
    close(one);
}
END_TEST

START_TEST(every_ipv6_address_accepts_ipv4_too)
{
    int fd = open_at("[::]:0");

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(v6only, 0);
    ck_assert(reaches_ipv4(port_of(fd)));
    close(fd);
}
END_TEST

START_TEST(unless_it_says_ipv6only)
{
    int fd = open_at("[::]:0,ipv6only");

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(v6only, 1);
    ck_assert(!reaches_ipv4(port_of(fd)));
    close(fd);
}
END_TEST

/* A port that both families have free */
static unsigned free_port(void)
{
    int fd = open_at("[::]:0");
    unsigned port = ntohs(port_of(fd));

    ck_assert_int_ge(fd, 0);
    close(fd);
    return port;
}

START_TEST(all_ipv4_addresses_stand_beside_all_ipv6_ones)
{
    char four[32], six[32];
    const char *const lists[][3] = {{six, four, NULL}, {four, six, NULL}};
    unsigned port = free_port();
    int sockets[2];

    (void)snprintf(four, sizeof four, "0.0.0.0:%u", port);
    (void)snprintf(six, sizeof six, "[::]:%u", port);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_msg(listen_all(lists[i], sockets, 2, &p), "%s", sentence);
        ck_assert_uint_eq(ntohs(port_of(sockets[0])), port);
        ck_assert_uint_eq(ntohs(port_of(sockets[1])), port);
        close(sockets[0]);
        close(sockets[1]);
    }
}
END_TEST

START_TEST(another_ipv4_address_does_not_and_the_sentence_says_why)
{
    char four[32], six[32];
    const char *const list[] = {six, four, NULL};
    unsigned port = free_port();
    int sockets[2], before = dup(0);

    (void)snprintf(four, sizeof four, "127.0.0.1:%u", port);
    (void)snprintf(six, sizeof six, "[::]:%u", port);
    ck_assert(!listen_all(list, sockets, 2, &p));
    assert_says(sentence, "accepts IPv4 too: write [::]:");
    close(before);
    ck_assert_int_eq(dup(0), before); /* what was open is closed */
    close(before);
}
END_TEST

START_TEST(what_a_socket_is_at_is_written_as_it_was)
{
    const char *path = scratch_path("socket");
    char text[NACRE_LISTEN_ADDRESS_MAX], with_mode[NACRE_LISTEN_ADDRESS_MAX + 16],
        found[NACRE_LISTEN_ADDRESS_MAX];
    int fd;

    (void)snprintf(text, sizeof text, "unix:%s", path);
    (void)snprintf(with_mode, sizeof with_mode, "%s,mode=600", text);
    fd = open_at(with_mode);
    ck_assert_msg(fd >= 0, "%s", sentence);
    listen_text(found, fd);
    ck_assert_str_eq(found, text);
    ck_assert(listen_check(fd, &p));
    close(fd);
    listen_text(found, -1);
    ck_assert_str_eq(found, "");
}
END_TEST

/* Of systemd's ListenStream=@NAME */
START_TEST(an_abstract_name_is_written_with_an_at_sign)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char text[NACRE_LISTEN_ADDRESS_MAX], expected[NACRE_LISTEN_ADDRESS_MAX];
    int len = snprintf(at.sun_path + 1, sizeof at.sun_path - 1, "nacre-%ld", (long)getpid());

    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&at,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)),
                     0);
    listen_text(text, fd);
    (void)snprintf(expected, sizeof expected, "unix:@nacre-%ld", (long)getpid());
    ck_assert_str_eq(text, expected);
    close(fd);
}
END_TEST

START_TEST(a_socket_that_does_not_listen_is_refused)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert(!listen_check(fd, &p));
    assert_says(sentence, "is not a stream socket that listens");
    close(fd);
}
END_TEST

START_TEST(the_default_is_port_2022_of_every_address)
{
    const char *const *list = listen_default();

    ck_assert(listen_resolve(list[0], &address, &p));
    assert_says(list[0], ":2022");
    ck_assert_ptr_null(list[1]);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_socket_listens_and_never_blocks);
    add_test(suite, a_port_in_use_is_refused);
    add_test(suite, every_ipv6_address_accepts_ipv4_too);
    add_test(suite, unless_it_says_ipv6only);
    add_test(suite, all_ipv4_addresses_stand_beside_all_ipv6_ones);
    add_test(suite, another_ipv4_address_does_not_and_the_sentence_says_why);
    add_test(suite, what_a_socket_is_at_is_written_as_it_was);
    add_test(suite, an_abstract_name_is_written_with_an_at_sign);
    add_test(suite, a_socket_that_does_not_listen_is_refused);
    add_test(suite, the_default_is_port_2022_of_every_address);
}
