#include "apps/forward/bind.h"

#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* sshd_config(5), GatewayPorts. The addresses are those of a machine with IPv4, and perhaps IPv6.
 */
static const struct {
    const char *host;
    enum nacre_gateway_ports gateway;
    const char *addresses; /* of IPv4 */
} rows[] = {
    {"", NACRE_GATEWAY_NO, "127.0.0.1"},
    {"*", NACRE_GATEWAY_NO, "127.0.0.1"},
    {"0.0.0.0", NACRE_GATEWAY_NO, "127.0.0.1"},
    {"localhost", NACRE_GATEWAY_NO, "127.0.0.1"},
    {"127.0.0.1", NACRE_GATEWAY_NO, "127.0.0.1"},
    {"192.0.2.1", NACRE_GATEWAY_NO, "127.0.0.1"},
    {"", NACRE_GATEWAY_CLIENT, "0.0.0.0"},
    {"*", NACRE_GATEWAY_CLIENT, "0.0.0.0"},
    {"0.0.0.0", NACRE_GATEWAY_CLIENT, "0.0.0.0"},
    {"localhost", NACRE_GATEWAY_CLIENT, "127.0.0.1"},
    {"127.0.0.1", NACRE_GATEWAY_CLIENT, "127.0.0.1"},
    {"127.0.0.2", NACRE_GATEWAY_CLIENT, "127.0.0.2"},
    {"192.0.2.1", NACRE_GATEWAY_CLIENT, ""},
    {"host.example", NACRE_GATEWAY_CLIENT, ""},
    {"", NACRE_GATEWAY_YES, "0.0.0.0"},
    {"127.0.0.1", NACRE_GATEWAY_YES, "0.0.0.0"},
};

START_TEST(gateway_ports_decide_where_a_client_has_us_listen)
{
    struct nacre_target target = {.port = 0};
    char text[INET_ADDRSTRLEN] = "";
    const char *failure;
    int fds[BIND_MAX];
    size_t n;

    (void)snprintf(target.host, sizeof target.host, "%s", rows[_i].host);
    n = bind_place(&target, rows[_i].gateway, false, fds, &failure);
    ck_assert_int_eq(n > 0, rows[_i].addresses[0] != 0);
    ck_assert_int_eq(failure[0] != 0, n == 0);
    for (size_t i = 0; i < n; i++) {
        struct sockaddr_in at = {0}; /* an IPv6 address has its port in the same place */
        socklen_t len = sizeof at;

        ck_assert_int_eq(getsockname(fds[i], (struct sockaddr *)&at, &len), 0);
        ck_assert_uint_eq(ntohs(at.sin_port), target.port);
        if (at.sin_family == AF_INET)
            (void)inet_ntop(AF_INET, &at.sin_addr, text, sizeof text);
        (void)close(fds[i]);
    }
    ck_assert_str_eq(text, rows[_i].addresses);
    ck_assert_str_eq(target.host, rows[_i].host);
}
END_TEST

START_TEST(a_port_that_is_taken_is_not_shared)
{
    struct nacre_target target = {.host = "127.0.0.1"};
    int first[BIND_MAX], second[BIND_MAX];
    const char *failure;

    ck_assert_uint_eq(bind_place(&target, NACRE_GATEWAY_NO, false, first, &failure), 1);
    ck_assert_uint_eq(bind_place(&target, NACRE_GATEWAY_NO, false, second, &failure), 0);
    ck_assert_str_eq(failure, "Address already in use");
    (void)close(first[0]);
}
END_TEST

static struct nacre_target path_target(const char *name)
{
    struct nacre_target target = {.is_path = true};

    (void)snprintf(target.host, sizeof target.host, "%s", scratch_path(name));
    return target;
}

START_TEST(a_unix_socket_is_private_and_replaces_only_a_socket_and_only_if_allowed)
{
    struct nacre_target target = path_target("socket"), file = path_target("file");
    int first[BIND_MAX], second[BIND_MAX], third[BIND_MAX], plain;
    const char *failure;
    struct stat is;

    ck_assert_uint_eq(bind_place(&target, NACRE_GATEWAY_NO, false, first, &failure), 1);
    ck_assert_int_eq(stat(target.host, &is), 0);
    ck_assert_uint_eq(is.st_mode & 0777, 0600);
    ck_assert_uint_eq(bind_place(&target, NACRE_GATEWAY_NO, false, second, &failure), 0);
    ck_assert_str_eq(failure, "Address already in use");
    ck_assert_uint_eq(bind_place(&target, NACRE_GATEWAY_NO, true, second, &failure), 1);
    plain = open(file.host, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ck_assert_int_ge(plain, 0);
    ck_assert_uint_eq(bind_place(&file, NACRE_GATEWAY_NO, true, third, &failure), 0);
    ck_assert_int_eq(stat(file.host, &is), 0);
    (void)close(plain);
    (void)close(first[0]);
    (void)close(second[0]);
    (void)unlink(target.host);
    (void)unlink(file.host);
}
END_TEST

/* sun_path has 108 bytes, one of them for the NUL. */
START_TEST(a_path_has_at_most_107_bytes)
{
    struct nacre_target target = {.is_path = true};
    size_t len = strlen(scratch_path("x"));
    const char *failure;
    int fds[BIND_MAX];

    (void)snprintf(target.host, sizeof target.host, "%s", scratch_path("x"));
    memset(target.host + len, 'x', 107 - len);
    ck_assert_uint_eq(bind_place(&target, NACRE_GATEWAY_NO, false, fds, &failure), 1);
    (void)close(fds[0]);
    ck_assert_int_eq(unlink(target.host), 0);
    target.host[107] = 'x';
    ck_assert_uint_eq(bind_place(&target, NACRE_GATEWAY_NO, false, fds, &failure), 0);
    ck_assert_str_eq(failure, "File name too long");
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_loop(suite, gateway_ports_decide_where_a_client_has_us_listen, 0,
             sizeof rows / sizeof rows[0]);
    add_test(suite, a_port_that_is_taken_is_not_shared);
    add_test(suite, a_unix_socket_is_private_and_replaces_only_a_socket_and_only_if_allowed);
    add_test(suite, a_path_has_at_most_107_bytes);
}
