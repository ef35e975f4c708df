#include "apps/files/authorized_from.h"
#include "tests/support/suite.h"

#define V4 "192.0.2.77"
#define V6 "2001:db8::77"

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
        {"2001:DB8::77", V6},
        {"2001:0db8:0:0::0077", V6}, /* the same address in another form */
        {"::/0", V6},
        {"2001:DB8:*", V6},
        {"!10.0.0.0/8,*", V4},
        {"example.org," V4, V4},
        {"!192.0.2.78,192.0.2.0/24", V4},
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
        "::/129",
        "10.0.0.1/8",
        "2001::1/16",
        "10.0.0/8",
        "10.0.0.0/",
        "10.0.0.0/x",
        "*/8",
        "10.0.0.0/-1",
        "10.0.0.0/8 ",
        "/8",
        "*,1.2.3.4/5/6",
    };
    char huge[400];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(authorized_from(bad[i], V4) == FROM_BAD, "%s", bad[i]);
    memset(huge, '1', sizeof huge - 1);
    huge[sizeof huge - 1] = 0;
    ck_assert_int_eq(authorized_from(huge, V4), FROM_BAD);
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
    add_test(suite, a_pattern_of_many_stars_matches_quickly);
}
