#include "apps/files/authorized_from.h"
#include "tests/support/suite.h"

#define V4 "192.0.2.77"
#define V6 "2001:db8::77"
#define LINK "fe80::77%eth0"

START_TEST(these_lists_contain_the_address)
{
    static const struct {
        const char *list, *address;
    } rows[] = {
        {V4, V4},
        {"10.0.0.1," V4, V4},
        {"192.0.2.*", V4},
        {"192.0.2.7?", V4},
        {"*", V4},
        {"*", V6},
        {"*.77", V4},
        {"1*2*.*7*", V4},
        {"192.0.2.0/24", V4},
        {"192.0.2.77/32", V4},
        {"192.0.2.76/31", V4},
        {"0.0.0.0/0", V4},
        {"2001:db8::/32", V6},
        {"2001:db8::77/128", V6},
        {"2001:DB8::77", V6},
        {"2001:0db8:0:0::0077", V6}, /* the same address in another form */
        {"::/0", V6},
        {"2001:DB8:*", V6},
        {"!10.0.0.0/8,*", V4},
        {"example.org," V4, V4},
        {"!192.0.2.78,192.0.2.0/24", V4},
        {"10.0.0.0/x," V4, V4}, /* a pattern, as in sshd, and so are the next */
        {"10.0.0.0/," V4, V4},
        {"10.0.0.0/8 ," V4, V4},
        {"/8," V4, V4},
        {"*/8," V4, V4},
        {"1.2.3.4/5/6," V4, V4},
        {"10.0.0/8", "10.0.0.1"}, /* inet_aton */
        {"127.1", "127.0.0.1"},
        {"0x7f000001", "127.0.0.1"},
        {LINK, LINK},
        {"FE80:0::77%eth0", LINK},
        {"fe80::77%ETH0", LINK},
        {"fe80::%eth0/10", LINK},
        {"fe80::*", LINK},
        {"*%eth0", LINK},
        {"!fe80::77,*", LINK}, /* another address */
        {"*", "fe80::77%3"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(authorized_from(rows[i].list, rows[i].address) == FROM_YES, "%s",
                      rows[i].list);
}
END_TEST

START_TEST(these_lists_do_not_contain_the_address)
{
    static const struct {
        const char *list, *address;
    } rows[] = {
        {"192.0.2.7", V4},
        {"192.0.2.7?", "192.0.2.7"},
        {"192.0.2.78/31", V4},
        {"192.0.2.0/24", "192.0.3.77"},
        {"192.0.2.0/24", V6},
        {"0.0.0.0/0", V6},
        {"::/0", V4},
        {"2001:db9::/32", V6},
        {"!" V4, V4},
        {"*,!" V4, V4}, /* in any position */
        {"!" V4 ",*", V4},
        {"*,!192.0.2.0/24", V4},
        {"!10.0.0.1", V4}, /* nothing but exclusions */
        {"example.org", V4},
        {"fe80::77", LINK},
        {"fe80::/10", LINK},
        {"::/0", LINK},
        {"::%eth0/0", LINK},
        {"fe80::%eth1/10", LINK},
        {"fe80::%/10", LINK},
        {LINK, "fe80::77"},
        {"!" LINK ",*", LINK},
        {"127.1 ", "127.0.0.1"},
        {"*", "fec0::77%eth0"},
        {"*", "not an address"},
        {"*", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(authorized_from(rows[i].list, rows[i].address) == FROM_NO, "%s",
                      rows[i].list);
}
END_TEST

START_TEST(malformed_lists_are_bad)
{
    static const char *const bad[] = {
        "",
        ",",
        "*,",
        ",*",
        "!",
        "10.0.0.0/33",
        "10.0.0.1/8",
        "2001::1/16",
        "10.0.0.0/129," V4,
        "::/129," V4,
        V4 "/99999999999999999999",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(authorized_from(bad[i], V4) == FROM_BAD, "%s", bad[i]);
}
END_TEST

START_TEST(an_entry_may_have_any_length)
{
    char list[2000];

    memset(list, '*', sizeof list);
    memcpy(list + sizeof list - 3, "77", 3);
    ck_assert_int_eq(authorized_from(list, V4), FROM_YES);
    ck_assert_int_eq(authorized_from(list, V6), FROM_YES);
    memcpy(list + sizeof list - 3, "78", 3);
    ck_assert_int_eq(authorized_from(list, V4), FROM_NO);
}
END_TEST

/* An address of up to 63 characters is compared as such; inet_aton allows leading zeros. */
START_TEST(a_long_address_is_an_address)
{
    static const char tail[] = "300.0.2.77"; /* in octal */
    char longest[64], longer[65];

    memset(longest, '0', sizeof longest);
    memcpy(longest + sizeof longest - sizeof tail, tail, sizeof tail);
    memset(longer, '0', sizeof longer);
    memcpy(longer + sizeof longer - sizeof tail, tail, sizeof tail);
    ck_assert_int_eq(authorized_from(longest, V4), FROM_YES);
    ck_assert_int_eq(authorized_from(longer, V4), FROM_NO);
    ck_assert_int_eq(authorized_from(V4, longest), FROM_YES);
    ck_assert_int_eq(authorized_from("*", longer), FROM_NO);
}
END_TEST

/* The stricter check, for a list that is not in authorized_keys. */
START_TEST(a_list_has_no_malformed_network)
{
    static const char *const good[] = {
        "*", V4, ("!" V6 ",*"), "192.0.2.0/24,2001:db8::/32", LINK, "fe80::%eth0/10"};
    static const char *const bad[] = {"",          "*,",          "10.0.0.1/8", "10.0.0.0/x",
                                      "/8",        "10.0.0.0/8 ", "::/129",     "!*/8",
                                      "::%eth0/0", "x/8,*"};

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(authorized_from_is_list(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!authorized_from_is_list(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(a_pattern_of_many_stars_matches_quickly)
{
    char stars[250];

    for (size_t i = 0; i < sizeof stars - 1; i++)
        stars[i] = i % 2 == 0 ? '*' : ':';
    stars[sizeof stars - 1] = 0;
    ck_assert_int_eq(authorized_from(stars, "1:2:3:4:5:6:7:8"), FROM_NO);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, these_lists_contain_the_address);
    add_test(suite, these_lists_do_not_contain_the_address);
    add_test(suite, malformed_lists_are_bad);
    add_test(suite, an_entry_may_have_any_length);
    add_test(suite, a_long_address_is_an_address);
    add_test(suite, a_list_has_no_malformed_network);
    add_test(suite, a_pattern_of_many_stars_matches_quickly);
}
