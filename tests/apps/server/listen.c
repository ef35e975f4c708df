/* Listening sockets: names, shared ports, both families. */
#include "apps/server/listen.h"
#include "tests/support/scratch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct sockaddr_storage address;
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

static socklen_t len;

static int option(int fd, int level, int name)
{
    int value = 0;
    socklen_t size = sizeof value;

    ck_assert_int_eq(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

static void resolve(const char *text)
{
    char errbuf[256] = "";

    ck_assert_msg(listen_resolve(text, &address, &len, errbuf, sizeof errbuf), "%s", errbuf);
}

/* Listens on `address`, which then has the port that was chosen. */
static int open_port(bool shared, bool first)
{
    int fd = listen_open(&address, len, shared, first);

    if (fd < 0)
        return fd;
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_ne(option(fd, SOL_SOCKET, SO_REUSEADDR), 0);
    ck_assert_int_eq(option(fd, SOL_SOCKET, SO_REUSEPORT) != 0, shared);
    ck_assert_int_ne(option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
    ck_assert_int_eq(backlog, 1024);
    return fd;
}

START_TEST(an_address_is_resolved_with_its_port)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)&address;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)&address;

    resolve("127.0.0.1:2022");
    ck_assert_int_eq(address.ss_family, AF_INET);
    ck_assert_uint_eq(ntohl(four->sin_addr.s_addr), INADDR_LOOPBACK);
    ck_assert_uint_eq(ntohs(four->sin_port), 2022);
    resolve("[::1]:22");
    ck_assert_int_eq(address.ss_family, AF_INET6);
    ck_assert_mem_eq(&six->sin6_addr, &in6addr_loopback, sizeof in6addr_loopback);
    ck_assert_uint_eq(ntohs(six->sin6_port), 22);
    resolve(":22"); /* every address */
    ck_assert_int_eq(address.ss_family, AF_INET6);
    ck_assert_mem_eq(&six->sin6_addr, &in6addr_any, sizeof in6addr_any);
}
END_TEST

START_TEST(an_address_that_cannot_be_used_is_named)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"2022", "2022 is not an address"},
        {"::1:22", "is not an address"},
        {"[::1:22", "is not an address"},
        {"127.0.0.1:ssh", "127.0.0.1:ssh is not an address"},
        {"no.such.host.invalid:22", "cannot listen on no.such.host.invalid:22"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char errbuf[256] = "";

        ck_assert(!listen_resolve(rows[i].text, &address, &len, errbuf, sizeof errbuf));
        assert_says(errbuf, rows[i].says);
    }
}
END_TEST

START_TEST(a_port_in_use_is_refused)
{
    int one;

    resolve("127.0.0.1:0");
    one = open_port(false, true);
    ck_assert_int_ge(one, 0);
    ck_assert_int_lt(open_port(false, true), 0);
    ck_assert_int_eq(errno, EADDRINUSE);
    close(one);
}
END_TEST

/* Two servers never share a port without knowing it. */
START_TEST(threads_share_a_port_but_servers_do_not)
{
    int first, second;

    resolve("127.0.0.1:0");
    first = open_port(true, true);
    second = open_port(true, false);
    ck_assert_int_ge(first, 0);
    ck_assert_int_ge(second, 0);
    ck_assert_int_lt(open_port(true, true), 0);
    ck_assert_int_eq(errno, EADDRINUSE);
    close(first);
    close(second);
}
END_TEST

START_TEST(every_ipv6_address_accepts_ipv4_too)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), listener;

    resolve("[::]:0");
    listener = open_port(false, true);
    ck_assert_int_ge(listener, 0);
    ck_assert_int_eq(v6only, 0);
    from.sin_port = ((const struct sockaddr_in6 *)(const void *)&address)->sin6_port;
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&from, sizeof from), 0);
    close(fd);
    close(listener);
}
END_TEST

START_TEST(the_default_is_port_2022_of_every_address)
{
    const char *const *list = listen_default();

    resolve(list[0]);
    assert_says(list[0], ":2022");
    ck_assert_ptr_null(list[1]);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, an_address_is_resolved_with_its_port);
    add_test(suite, an_address_that_cannot_be_used_is_named);
    add_test(suite, a_port_in_use_is_refused);
    add_test(suite, threads_share_a_port_but_servers_do_not);
    add_test(suite, every_ipv6_address_accepts_ipv4_too);
    add_test(suite, the_default_is_port_2022_of_every_address);
}
