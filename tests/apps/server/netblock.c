/* The table of networks that clients come from: keys, what is displaced, penalties. */
#include "apps/server/netblock.h"
#include "tests/support/suite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum { MANY = 400000 /* so many that no set of the table has space left */ };

static const struct nacre_admission config = {
    .netblock_v4 = 20,
    .netblock_v6 = 61,
    .penalty_min_ms = 100,
    .penalty_max_ms = 1000,
};

static struct netblocks *n;

static void begin(void)
{
    n = netblocks_new();
    ck_assert_ptr_nonnull(n);
}

static void key_of(uint8_t key[NETBLOCK_KEY_MAX], const char *text)
{
    struct sockaddr_storage s = {0};

    if (inet_pton(AF_INET, text, &((struct sockaddr_in *)&s)->sin_addr) == 1) {
        s.ss_family = AF_INET;
    } else {
        ck_assert_int_eq(inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&s)->sin6_addr), 1);
        s.ss_family = AF_INET6;
    }
    netblock_key(key, &config, &s);
}

static bool same(const char *one, const char *two)
{
    uint8_t a[NETBLOCK_KEY_MAX], b[NETBLOCK_KEY_MAX];

    key_of(a, one);
    key_of(b, two);
    return memcmp(a, b, sizeof a) == 0;
}

/* The i-th of many networks */
static void key_number(uint8_t key[NETBLOCK_KEY_MAX], uint32_t i)
{
    memset(key, 0, NETBLOCK_KEY_MAX);
    key[0] = 4;
    memcpy(key + 1, &i, sizeof i);
}

START_TEST(a_key_has_the_configured_bits)
{
    ck_assert(same("10.1.16.0", "10.1.31.255")); /* the last four of 20 bits are in this byte */
    ck_assert(!same("10.1.16.0", "10.1.32.0"));
    ck_assert(!same("10.1.16.0", "10.1.15.255"));
    ck_assert(same("2001:db8:0:8::", "2001:db8:0:f:ffff:ffff:ffff:ffff"));
    ck_assert(!same("2001:db8:0:8::", "2001:db8:0:7::"));
    ck_assert(!same("2001:db8:0:8::", "2001:db8:0:10::"));
    ck_assert(same("::ffff:10.1.16.1", "10.1.16.2"));
    ck_assert(!same("a01:1001::", "10.1.16.1"));
}
END_TEST

START_TEST(a_unix_socket_has_no_address_and_no_netblock)
{
    const struct sockaddr_storage un = {.ss_family = AF_UNIX};
    uint8_t key[NETBLOCK_KEY_MAX];

    begin();
    netblock_key(key, &config, &un);
    ck_assert(!netblock_has_address(key));
    ck_assert_ptr_null(netblock_take(n, key));
    ck_assert_ptr_null(netblock_find(n, key));
    netblock_remember_login(n, key);
    ck_assert_ptr_null(netblock_find(n, key));
    key_of(key, "10.0.0.1");
    ck_assert(netblock_has_address(key));
    netblocks_free(n);
}
END_TEST

START_TEST(a_netblock_is_found_after_it_was_taken)
{
    uint8_t key[NETBLOCK_KEY_MAX];
    struct netblock *source;

    begin();
    key_of(key, "10.0.0.1");
    ck_assert_ptr_null(netblock_find(n, key));
    source = netblock_take(n, key);
    ck_assert_ptr_nonnull(source);
    ck_assert_uint_eq(source->startups, 0);
    ck_assert_ptr_eq(netblock_find(n, key), source);
    ck_assert_ptr_eq(netblock_take(n, key), source);
    netblocks_free(n);
}
END_TEST

/* A slot with connections is never displaced: eight to a set, so that with all of them busy there
 * is none to take. What takes a slot begins with nothing of the one before. */
START_TEST(a_netblock_with_connections_is_kept)
{
    uint8_t key[NETBLOCK_KEY_MAX];
    uint32_t kept = 0, refused = 0;

    begin();
    for (uint32_t i = 0; i < MANY; i++) {
        struct netblock *source;

        key_number(key, i);
        source = netblock_take(n, key);
        if (source == NULL) {
            refused++;
            continue;
        }
        ck_assert_uint_eq(source->startups, 0);
        ck_assert(source->last_login == 0 && source->penalty_until_ms == 0 && !source->penalised);
        source->startups = 1;
        netblock_penalise(source, 200, &config, 5000);
        kept++;
    }
    ck_assert_uint_eq(kept, 65536);
    ck_assert_uint_eq(refused, MANY - 65536);
    for (uint32_t i = 0; i < MANY; i++) {
        key_number(key, i);
        if (netblock_find(n, key) != NULL)
            kept--;
    }
    ck_assert_uint_eq(kept, 0);
    netblocks_free(n);
}
END_TEST

/* ... and a set remembers the last four logins in it: half of all slots. */
START_TEST(logins_are_remembered_in_half_of_the_slots)
{
    uint8_t key[NETBLOCK_KEY_MAX];
    uint32_t known = 0;

    begin();
    for (uint32_t i = 0; i < MANY; i++) {
        key_number(key, i);
        netblock_remember_login(n, key);
        ck_assert_uint_eq(netblock_find(n, key)->last_login, i + 1);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        const struct netblock *source;

        key_number(key, i);
        source = netblock_find(n, key);
        known += source != NULL && source->last_login != 0;
    }
    ck_assert_uint_eq(known, 65536 / 2);
    netblocks_free(n);
}
END_TEST

START_TEST(penalties_add_up_to_the_maximum_and_expire)
{
    struct netblock source = {.startups = 0};

    netblock_penalise(&source, 99, &config, 5000);
    ck_assert(!netblock_serves_penalty(&source, 5000));
    netblock_penalise(&source, 1, &config, 5000);
    ck_assert(netblock_serves_penalty(&source, 5099));
    ck_assert(!netblock_serves_penalty(&source, 5100));
    netblock_penalise(&source, 2000, &config, 5000);
    ck_assert(netblock_serves_penalty(&source, 5999));
    ck_assert(!netblock_serves_penalty(&source, 6000));
    netblock_penalise(&source, 99, &config, 6000); /* what was before no longer counts */
    ck_assert(!netblock_serves_penalty(&source, 6000));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_key_has_the_configured_bits);
    add_test(suite, a_unix_socket_has_no_address_and_no_netblock);
    add_test(suite, a_netblock_is_found_after_it_was_taken);
    add_test(suite, a_netblock_with_connections_is_kept);
    add_test(suite, logins_are_remembered_in_half_of_the_slots);
    add_test(suite, penalties_add_up_to_the_maximum_and_expire);
}
