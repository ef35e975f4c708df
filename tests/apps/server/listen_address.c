/* Where to listen, as a person writes it. */
#include "apps/server/listen_address.h"
#include "tests/support/scratch.h"

#include <arpa/inet.h>
#include <grp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

static struct listen_address address;
static char sentence[1024];
static const struct errbuf p = {sentence, sizeof sentence};

static void resolve(const char *text)
{
    ck_assert_msg(listen_address_is_good(text, &p), "%s", sentence);
    ck_assert_msg(listen_resolve(text, &address, &p), "%s", sentence);
    ck_assert_str_eq(address.text, text);
}

START_TEST(an_address_is_resolved_with_its_port)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)&address.at;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)&address.at;

    resolve("127.0.0.1:2022");
    ck_assert_int_eq(address.at.ss_family, AF_INET);
    ck_assert_uint_eq(ntohl(four->sin_addr.s_addr), INADDR_LOOPBACK);
    ck_assert_uint_eq(ntohs(four->sin_port), 2022);
    resolve("[::1]:22");
    ck_assert_int_eq(address.at.ss_family, AF_INET6);
    ck_assert_mem_eq(&six->sin6_addr, &in6addr_loopback, sizeof in6addr_loopback);
    ck_assert_uint_eq(ntohs(six->sin6_port), 22);
    ck_assert(!address.ipv6_only);
    resolve(":22"); /* every address */
    ck_assert_int_eq(address.at.ss_family, AF_INET6);
    ck_assert_mem_eq(&six->sin6_addr, &in6addr_any, sizeof in6addr_any);
}
END_TEST

START_TEST(an_ipv6_address_has_a_zone_and_may_be_for_ipv6_only)
{
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)&address.at;

    resolve("[fe80::1%lo]:22");
    ck_assert_uint_eq(six->sin6_scope_id, if_nametoindex("lo"));
    resolve("[::]:22,ipv6only");
    ck_assert(address.ipv6_only);
}
END_TEST

START_TEST(a_unix_socket_has_a_path_a_mode_and_a_group)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)(const void *)&address.at;
    const struct group *group = getgrnam("daemon");

    ck_assert_ptr_nonnull(group);
    resolve("unix:/run/nacre");
    ck_assert_int_eq(address.at.ss_family, AF_UNIX);
    ck_assert_str_eq(un->sun_path, "/run/nacre");
    ck_assert_uint_eq(address.mode, 0660);
    ck_assert(address.group == (gid_t)-1);
    resolve("unix:a,b,mode=600,group=daemon");
    ck_assert_str_eq(un->sun_path, "a,b");
    ck_assert_uint_eq(address.mode, 0600);
    ck_assert(address.group == group->gr_gid);
    resolve("unix:x,group=12345,mode=0666");
    ck_assert_str_eq(un->sun_path, "x");
    ck_assert_uint_eq(address.mode, 0666);
    ck_assert(address.group == 12345);
    resolve("unix:x,ipv6only"); /* this is no option of a path */
    ck_assert_str_eq(un->sun_path, "x,ipv6only");
}
END_TEST

/* A path as long as an address may have it, and one byte more */
START_TEST(a_path_is_as_long_as_the_address_of_a_socket)
{
    char text[256] = "unix:";
    size_t most = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;

    memset(text + 5, 'x', most);
    resolve(text);
    text[5 + most] = 'x';
    ck_assert(!listen_address_is_good(text, &p));
    assert_says(sentence, "the path has 108 bytes, and the address of a Unix socket at most 107");
}
END_TEST

START_TEST(an_address_that_cannot_be_used_is_named)
{
    static const struct {
        const char *text, *says;
        bool form; /* is good */
    } rows[] = {
        {"", "'' is not ADDR:PORT, [ADDR]:PORT for IPv6, or unix:PATH", false},
        {"2022", "'2022' is not ADDR:PORT", false},
        {"::1:22", "is not ADDR:PORT", false},
        {"[::1:22", "is not ADDR:PORT", false},
        {"127.0.0.1:ssh", "'127.0.0.1:ssh' is not ADDR:PORT", false},
        {"127.0.0.1:65536", "is not ADDR:PORT", false},
        {"no.such.host.invalid:22", "cannot listen on no.such.host.invalid:22", true},
        {"127.0.0.1:22,ipv6only", "'ipv6only' is not an option of this address", false},
        {":22,ipv6only", "'ipv6only' is not an option of this address", false},
        {"[127.0.0.1]:22,ipv6only", "this is no IPv6 address", true},
        {"[::]:22,mode=600", "'mode=600' is not an option", false},
        {"[::]:22,", "'' is not an option", false},
        {"[fe80::1%no.such0]:22", "is there such a network interface?", true},
        {"unix:", "unix:: the path is missing", false},
        {"unix:,mode=600", "the path is missing", false},
        {"unix:x,mode=", "'mode=' is not an octal mode", false},
        {"unix:x,mode=8", "'mode=8' is not an octal mode", false},
        {"unix:x,mode=1000", "'mode=1000' is not an octal mode up to 777", false},
        {"unix:x,mode=77777777777777777777777", "is not an octal mode", false},
        {"unix:x,group=no such group", "there is no group 'no such group'", true},
        {"unix:x,group=", "there is no group ''", true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_msg(listen_address_is_good(rows[i].text, &p) == rows[i].form, "%s", rows[i].text);
        ck_assert_msg(!listen_resolve(rows[i].text, &address, &p), "%s", rows[i].text);
        assert_says(sentence, rows[i].says);
    }
}
END_TEST

START_TEST(a_text_of_any_length_is_cut_in_the_sentence)
{
    char text[4096];

    memset(text, ',', sizeof text - 1);
    text[sizeof text - 1] = 0;
    ck_assert(!listen_address_is_good(text, &p));
    assert_says(sentence, "... is not an address: it has 4095 bytes");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, an_address_is_resolved_with_its_port);
    add_test(suite, an_ipv6_address_has_a_zone_and_may_be_for_ipv6_only);
    add_test(suite, a_unix_socket_has_a_path_a_mode_and_a_group);
    add_test(suite, a_path_is_as_long_as_the_address_of_a_socket);
    add_test(suite, an_address_that_cannot_be_used_is_named);
    add_test(suite, a_text_of_any_length_is_cut_in_the_sentence);
}
