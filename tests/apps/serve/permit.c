/* Which places options and keys permit. */
#include "apps/serve/permit.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>

static const struct nacre_key_grant any_key = {.port_forwarding = true};

static struct nacre_target at(const char *host, uint32_t port)
{
    struct nacre_target target = {.port = port, .is_path = host[0] == '/'};

    (void)snprintf(target.host, sizeof target.host, "%s", host);
    return target;
}

static bool connects(const char *list, const char *host, uint32_t port)
{
    const struct permit permit = {.tcp = PERMIT_LOCAL, .open = list};
    const struct nacre_target target = at(host, port);

    return permit_connect(&permit, &any_key, &target);
}

static bool listens(const char *list, const char *host, uint32_t port)
{
    const struct permit permit = {.tcp = PERMIT_REMOTE, .listen = list};
    const struct nacre_target target = at(host, port);

    return permit_listen(&permit, &any_key, &target);
}

START_TEST(each_direction_and_kind_is_permitted_by_itself)
{
    const struct nacre_target tcp = at("h", 1), path = at("/x", 0);

    for (uint32_t which = PERMIT_NONE; which <= PERMIT_BOTH; which++) {
        const struct permit a = {.tcp = which}, b = {.streamlocal = which};

        ck_assert_int_eq(permit_connect(&a, &any_key, &tcp), (which & PERMIT_LOCAL) != 0);
        ck_assert_int_eq(permit_listen(&a, &any_key, &tcp), (which & PERMIT_REMOTE) != 0);
        ck_assert(!permit_connect(&a, &any_key, &path) && !permit_listen(&a, &any_key, &path));
        ck_assert_int_eq(permit_connect(&b, &any_key, &path), (which & PERMIT_LOCAL) != 0);
        ck_assert_int_eq(permit_listen(&b, &any_key, &path), (which & PERMIT_REMOTE) != 0);
        ck_assert(!permit_connect(&b, &any_key, &tcp) && !permit_listen(&b, &any_key, &tcp));
    }
}
END_TEST

START_TEST(places_to_connect_to)
{
    ck_assert(connects(NULL, "h", 1));
    ck_assert(connects("any", "h", 1));
    ck_assert(!connects("none", "h", 1));
    ck_assert(!connects("none", "none", 1));
    ck_assert(connects("a:1,h:2", "h", 2));
    ck_assert(!connects("a:1,h:2", "h", 1));
    ck_assert(!connects("h:2", "H", 2)); /* names are compared as they are */
    ck_assert(!connects("h:2", "hh", 2));
    ck_assert(!connects("h*:2", "hh", 2));
    ck_assert(connects("*:2", "hh", 2));
    ck_assert(connects("h:*", "h", 65535));
    ck_assert(connects("[::1]:2", "::1", 2));
    ck_assert(!connects("[::1]:2", "[::1]", 2));
}
END_TEST

START_TEST(places_to_listen_on)
{
    ck_assert(listens(NULL, "", 0));
    ck_assert(!listens("none", "localhost", 1));
    ck_assert(listens("8080", "localhost", 8080));
    ck_assert(listens("8080", "", 8080));
    ck_assert(!listens("8080", "", 0)); /* one that is free */
    ck_assert(listens("*", "localhost", 0));
    ck_assert(listens("localhost:8080", "LOCALHOST", 8080));
    ck_assert(!listens("localhost:8080", "", 8080));
    ck_assert(!listens("localhost:8080", "127.0.0.1", 8080));
    ck_assert(listens("127.0.0.?:*", "127.0.0.9", 5));
    ck_assert(listens("[::1]:5", "::1", 5));
}
END_TEST

START_TEST(the_key_must_permit_it_too)
{
    char one[] = "h:1", two[] = "[::1]:*", bare[] = "7";
    char *open[] = {one, two, NULL}, *listen[] = {bare, NULL};
    const struct permit both = {PERMIT_BOTH, PERMIT_BOTH, NULL, NULL},
                        narrow = {PERMIT_BOTH, PERMIT_BOTH, "h:2", "8"};
    const struct nacre_key_grant key = {
        .port_forwarding = true, .permit_open = open, .permit_listen = listen};
    const struct nacre_key_grant none = {.permit_open = open};
    const struct nacre_target h1 = at("h", 1), h2 = at("h", 2), six = at("::1", 9),
                              seven = at("localhost", 7), eight = at("localhost", 8),
                              path = at("/x", 0);

    ck_assert(permit_connect(&both, &key, &h1) && permit_connect(&both, &key, &six));
    ck_assert(!permit_connect(&both, &key, &h2) && !permit_connect(&narrow, &key, &h1));
    ck_assert(!permit_connect(&narrow, &key, &h2) && permit_connect(&narrow, &any_key, &h2));
    ck_assert(permit_listen(&both, &key, &seven) && !permit_listen(&both, &key, &eight));
    ck_assert(!permit_listen(&narrow, &key, &seven) && !permit_listen(&narrow, &key, &eight));
    ck_assert(permit_connect(&narrow, &key, &path) && permit_listen(&narrow, &key, &path));
    ck_assert(!permit_connect(&both, &none, &h1) && !permit_connect(&both, &none, &path));
    ck_assert(!permit_listen(&both, &none, &seven) && !permit_listen(&both, &none, &path));
}
END_TEST

START_TEST(lists_and_others)
{
    static const char *const good[] = {"any", "none", "h:1", "h:*,*:65535", "[::1]:22", "*:*"};
    static const char *const bad[] = {"",        "h",     "h:",     ":1",     "h:0",  "h:65536",
                                      "h:1,",    ",h:1",  "::1:22", "[::1:2", "h:x",  "h:-1",
                                      "h:1 a:1", "h/x:1", "[]:1",   "h:+1",   "h: 1", "h:1,any"};
    char longest[NACRE_HOST_MAX + 8];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(permit_is_list(good[i], false), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!permit_is_list(bad[i], false), "%s", bad[i]);
    ck_assert(permit_is_list("1,*,h:2", true));
    ck_assert(!permit_is_list("1,", true) && !permit_is_list("h", true));
    memset(longest, 'h', sizeof longest);
    (void)snprintf(longest + NACRE_HOST_MAX - 1, 8, ":1");
    ck_assert(permit_is_list(longest, false));
    (void)snprintf(longest + NACRE_HOST_MAX - 1, 8, "h:1");
    ck_assert(!permit_is_list(longest, false));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, each_direction_and_kind_is_permitted_by_itself);
    add_test(suite, places_to_connect_to);
    add_test(suite, places_to_listen_on);
    add_test(suite, the_key_must_permit_it_too);
    add_test(suite, lists_and_others);
}
