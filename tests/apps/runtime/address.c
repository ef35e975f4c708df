/* Addresses of sockets as text, and back. */
#include "apps/runtime/address.h"
#include "apps/runtime/address_text.h"
#include "tests/support/suite.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct sockaddr_storage storage(int family, const char *host, uint16_t port)
{
    struct sockaddr_storage out = {.ss_family = (sa_family_t)family};
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&out;
    struct sockaddr_in *four = (struct sockaddr_in *)&out;
    bool is_six = family == AF_INET6;

    ck_assert_int_eq(
        inet_pton(family, host, is_six ? (void *)&six->sin6_addr : (void *)&four->sin_addr), 1);
    if (is_six)
        six->sin6_port = htons(port);
    else
        four->sin_port = htons(port);
    return out;
}

static const struct {
    int family;
    const char *host;
    uint16_t port;
    const char *text, *plain;
} addresses[] = {
    {AF_INET, "127.0.0.1", 2022, "127.0.0.1:2022", "127.0.0.1"},
    {AF_INET, "255.255.255.255", 65535, "255.255.255.255:65535", "255.255.255.255"},
    {AF_INET, "0.0.0.0", 0, "0.0.0.0:0", "0.0.0.0"},
    {AF_INET, "10.100.9.99", 10, "10.100.9.99:10", "10.100.9.99"},
    {AF_INET6, "::1", 22, "[::1]:22", "::1"},
    {AF_INET6, "::", 0, "[::]:0", "::"},
    {AF_INET6, "::ffff:192.0.2.7", 51234, "192.0.2.7:51234", "192.0.2.7"},
    {AF_INET6, "2001:db8:1111:2222:3333:4444:5555:6666", 65535,
     "[2001:db8:1111:2222:3333:4444:5555:6666]:65535", "2001:db8:1111:2222:3333:4444:5555:6666"},
};

START_TEST(an_address_is_written_as_a_person_writes_it)
{
    struct sockaddr_storage a =
        storage(addresses[_i].family, addresses[_i].host, addresses[_i].port);
    char text[ADDRESS_MAX], plain[ADDRESS_MAX];

    address_text(text, &a, -1);
    ck_assert_str_eq(text, addresses[_i].text);
    address_plain(plain, text);
    ck_assert_str_eq(plain, addresses[_i].plain);
}
END_TEST

START_TEST(a_scope_is_not_part_of_the_plain_address)
{
    char plain[ADDRESS_MAX];

    address_plain(plain, "[fe80::1%eth0]:22");
    ck_assert_str_eq(plain, "fe80::1");
    address_host(plain, "[fe80::1%eth0]:22");
    ck_assert_str_eq(plain, "fe80::1%eth0");
    address_host(plain, "[::1]:22");
    ck_assert_str_eq(plain, "::1");
    address_host(plain, "192.0.2.7:22");
    ck_assert_str_eq(plain, "192.0.2.7");
}
END_TEST

/* Interface 1 is the loopback interface. */
START_TEST(a_link_local_address_has_the_name_of_its_zone)
{
    struct sockaddr_storage a = storage(AF_INET6, "fe80::1", 22);
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&a;
    char text[ADDRESS_MAX];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    address_text(text, &a, fd);
    ck_assert_str_eq(text, "[fe80::1]:22");
    six->sin6_scope_id = 1;
    address_text(text, &a, fd);
    ck_assert_str_eq(text, "[fe80::1%lo]:22");
    address_text(text, &a, -1);
    ck_assert_str_eq(text, "[fe80::1%1]:22");
    six->sin6_scope_id = 2147483647; /* no such interface */
    address_text(text, &a, fd);
    ck_assert_str_eq(text, "[fe80::1%2147483647]:22");
    a = storage(AF_INET6, "2001:db8::1", 22);
    six->sin6_scope_id = 1;
    address_text(text, &a, fd);
    ck_assert_str_eq(text, "[2001:db8::1]:22");
    (void)close(fd);
}
END_TEST

START_TEST(host_and_port_are_split)
{
    static const struct {
        const char *text, *host, *port;
    } rows[] = {
        {"127.0.0.1:22", "127.0.0.1", "22"},
        {"[::1]:0", "::1", "0"},
        {":2022", "", "2022"},
        {"localhost:65535", "localhost", "65535"},
        {"127.0.0.1", NULL, NULL},
        {"::1:22", NULL, NULL},
        {"host:65536", NULL, NULL},
        {"host:", NULL, NULL},
        {"host:99999", NULL, NULL},
        {"host:2a", NULL, NULL},
        {"host:-1", NULL, NULL},
        {"host:000022", NULL, NULL},
        {"longer than 15 bytes:1", NULL, NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char host[16];
        const char *port;
        bool good = address_split(rows[i].text, host, sizeof host, &port);
        bool fits = strncmp(rows[i].text, "longer", 6) != 0;

        ck_assert_msg(good == (rows[i].host != NULL), "%s", rows[i].text);
        ck_assert(!fits || nacre_address_is_good(rows[i].text) == good);
        if (!good)
            continue;
        ck_assert_str_eq(host, rows[i].host);
        ck_assert_str_eq(port, rows[i].port);
    }
}
END_TEST

START_TEST(a_unix_socket_has_one_name)
{
    const struct sockaddr_storage a = {.ss_family = AF_UNIX};
    char text[ADDRESS_MAX], host[ADDRESS_MAX];

    address_text(text, &a, -1);
    ck_assert_str_eq(text, "unix");
    address_host(host, text);
    ck_assert_str_eq(host, "unix");
    address_plain(host, text);
    ck_assert_str_eq(host, "unix");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, an_address_is_written_as_a_person_writes_it, 0,
             sizeof addresses / sizeof addresses[0]);
    add_test(suite, a_link_local_address_has_the_name_of_its_zone);
    add_test(suite, a_scope_is_not_part_of_the_plain_address);
    add_test(suite, host_and_port_are_split);
    add_test(suite, a_unix_socket_has_one_name);
}
