/* What nacre-load asks the system about a name, whose answers are the test's. */
#include "apps/load/target.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

static int lookup_failure, name_failure;
static struct sockaddr_in address = {.sin_family = AF_INET};
static struct addrinfo found = {
    .ai_family = AF_INET, .ai_addr = (struct sockaddr *)&address, .ai_addrlen = sizeof address};

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
OWN(int, getaddrinfo, const char *name, const char *service, const struct addrinfo *hints,
    struct addrinfo **out)
{
    note("%s %s%s;", name, service,
         hints->ai_socktype == SOCK_STREAM && hints->ai_flags == AI_NUMERICSERV ? ""
                                                                                : " otherwise");
    *out = lookup_failure == 0 ? &found : NULL;
    return lookup_failure;
}

OWN(int, getnameinfo, const struct sockaddr *from, socklen_t len, char *host, socklen_t host_size,
    char *service, socklen_t service_size, int flags)
{
    ck_assert(from == found.ai_addr && len == found.ai_addrlen);
    ck_assert_int_eq(flags, NI_NUMERICHOST | NI_NUMERICSERV);
    (void)snprintf(host, host_size, "number");
    (void)snprintf(service, service_size, "service");
    return name_failure;
}

OWN(void, freeaddrinfo, struct addrinfo *list)
{
    note("free%s;", list == &found ? "" : " another");
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static struct load_options options;
static char errbuf[LOAD_SENTENCE_MAX];

static int find(const char *where, const char *ip)
{
    const struct errbuf p = errbuf_in(errbuf, sizeof errbuf);

    options = (struct load_options){.port = "2023"};
    ck_assert_int_eq(inet_pton(AF_INET, ip, &address.sin_addr), 1);
    return target_find(&options, where, &p);
}

START_TEST(the_address_of_a_name_is_what_is_loaded)
{
    ck_assert_int_eq(find("here:22", "127.0.0.1"), 0);
    expect_notes("here 22;free;");
    ck_assert_str_eq(options.target, "number:service");
    ck_assert_str_eq(options.known_as, "here:22");
    found.ai_family = AF_INET6;
    ck_assert_int_eq(find(NULL, "127.0.0.1"), 0);
    expect_notes("127.0.0.1 2023;free;");
    ck_assert_str_eq(options.target, "[number]:service");
}
END_TEST

START_TEST(a_name_that_is_elsewhere_or_nowhere_is_refused)
{
    ck_assert_int_eq(find("there:22", "192.0.2.1"), 2);
    expect_notes("there 22;free;");
    name_failure = EAI_OVERFLOW;
    ck_assert_int_eq(find("here:22", "127.0.0.1"), 2);
    expect_notes("here 22;free;");
    ck_assert_str_eq(errbuf, "here: cannot write its address");
    lookup_failure = EAI_NONAME;
    ck_assert_int_eq(find("nowhere:22", "127.0.0.1"), 1);
    expect_notes("nowhere 22;");
    ck_assert_int_eq(strncmp(errbuf, "nowhere: ", 9), 0);
}
END_TEST

START_TEST(a_name_has_up_to_255_bytes_and_a_path_up_to_294)
{
    char where[400];

    memset(where, 'n', sizeof where);
    memcpy(where + 255, ":22", 4);
    ck_assert_int_eq(find(where, "127.0.0.1"), 0);
    memset(where, 'n', sizeof where);
    memcpy(where + 256, ":22", 4);
    noted[0] = 0;
    ck_assert_int_eq(find(where, "127.0.0.1"), 2);
    expect_notes("");
    memset(where, 'n', sizeof where);
    memcpy(where, "unix:", 5);
    where[299] = 0;
    ck_assert_int_eq(find(where, "127.0.0.1"), 0);
    ck_assert_str_eq(options.target, where);
    where[299] = 'n';
    where[300] = 0;
    ck_assert_int_eq(find(where, "127.0.0.1"), 2);
    expect_notes("");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, the_address_of_a_name_is_what_is_loaded);
    add_test(suite, a_name_that_is_elsewhere_or_nowhere_is_refused);
    add_test(suite, a_name_has_up_to_255_bytes_and_a_path_up_to_294);
}
