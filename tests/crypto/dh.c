#include "crypto/dh.h"
#include "tests/support/suite.h"

#include <stdio.h>

#include "tests/support/vectors.h"
#include "tests/support/wiped.h"

static const struct {
    const char *name;
    const struct dh_group *group;
    size_t bits;
} groups[] = {
    {"group14", &dh_group14, 2048}, {"group15", &dh_group15, 3072}, {"group16", &dh_group16, 4096},
    {"group17", &dh_group17, 6144}, {"group18", &dh_group18, 8192},
};

enum {
    GROUPS = sizeof groups / sizeof groups[0],
};

static struct bytes value(struct vectors *v, size_t i, const char *name)
{
    char full[32];

    snprintf(full, sizeof full, "%s %s", groups[i].name, name);
    return vectors_get(v, full);
}

/* A source that returns the bytes at `context`. */
static void fill_with(void *context, uint8_t *out, size_t len)
{
    memcpy(out, context, len);
}

/* The known answers were computed with independently computed primes, so they also verify ours. */
START_TEST(known_public_values_and_secrets_match)
{
    struct vectors *v = vectors_open("dh.txt");
    static uint8_t out[DH_LEN_MAX];
    uint8_t x[DH_SECRET_LEN_MAX];
    struct random_source source = {.fill = fill_with, .context = x};
    struct dh d;

    for (size_t i = 0; i < GROUPS; i++) {
        size_t len = groups[i].bits / 8;

        ck_assert_uint_eq(groups[i].group->p.len, len);
        memcpy(x, value(v, i, "x").at, value(v, i, "x").len);
        ck_assert(dh_generate(&d, groups[i].group, &source, out));
        ck_assert_uint_eq(d.secret_len, value(v, i, "x").len);
        assert_bytes((struct bytes){out, len}, value(v, i, "public"));
        ck_assert(dh_shared(&d, value(v, i, "peer"), out));
        assert_bytes((struct bytes){out, len}, value(v, i, "shared"));
        dh_clear(&d);
    }
    vectors_close(v);
}
END_TEST

START_TEST(secrets_have_exactly_the_specified_length)
{
    static uint8_t out[DH_LEN_MAX];
    uint8_t bytes[DH_SECRET_LEN_MAX];
    struct random_source source = {.fill = fill_with, .context = bytes};
    struct dh d;

    memset(bytes, 0, sizeof bytes);
    ck_assert(dh_generate(&d, &dh_group15, &source, out));
    ck_assert_uint_eq(d.secret_len, 53); /* 420 bits */
    ck_assert_uint_eq(d.secret[0], 0x08);
    memset(bytes, 0xff, sizeof bytes);
    ck_assert(dh_generate(&d, &dh_group15, &source, out));
    ck_assert_uint_eq(d.secret[0], 0x0f);
    dh_clear(&d);
    for (size_t i = 0; i < sizeof d.secret; i++)
        ck_assert_uint_eq(d.secret[i], 0);
}
END_TEST

/* RFC 3526 section 8: both sides of each limit of its table. */
START_TEST(the_length_of_a_secret_follows_from_that_of_the_group)
{
    static const struct {
        size_t len;
        unsigned bits;
    } rows[] = {{256, 320}, {257, 420}, {384, 420}, {385, 480}, {512, 480},
                {513, 540}, {768, 540}, {769, 620}, {1024, 620}};
    static uint8_t p[DH_LEN_MAX];
    struct dh_group group;

    memset(p, 0xff, sizeof p);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert(
            dh_group_init(&group, (struct bytes){p, rows[i].len}, bytes_of("\2"), 2048, 8192));
        ck_assert_uint_eq(group.secret_bits, rows[i].bits);
    }
    ck_assert_uint_eq(dh_group14.secret_bits, 320);
    ck_assert_uint_eq(dh_group15.secret_bits, 420);
    ck_assert_uint_eq(dh_group16.secret_bits, 480);
    ck_assert_uint_eq(dh_group17.secret_bits, 540);
    ck_assert_uint_eq(dh_group18.secret_bits, 620);
}
END_TEST

START_TEST(both_ends_agree)
{
    uint8_t pub_a[256], pub_b[256], shared_a[256], shared_b[256], padded[260] = {0};
    struct dh a, b;

    ck_assert(dh_generate(&a, &dh_group14, &random_system, pub_a));
    ck_assert(dh_generate(&b, &dh_group14, &random_system, pub_b));
    ck_assert(dh_shared(&a, BYTES_OF_ARRAY(pub_b), shared_a));
    memcpy(padded + 4, pub_a, sizeof pub_a);
    ck_assert(dh_shared(&b, BYTES_OF_ARRAY(padded), shared_b));
    ck_assert_mem_eq(shared_a, shared_b, sizeof shared_a);
    dh_clear(&a);
    dh_clear(&b);
    ck_assert(!dh_shared(&a, BYTES_OF_ARRAY(pub_b), shared_a));
}
END_TEST

/* RFC 8268 section 4: 1 < peer < p - 1. The limits that pass are 2 and p - 2. */
START_TEST(peers_out_of_range_are_refused)
{
    static const uint8_t two[] = {0, 0, 2};
    static const uint8_t zeros[DH_LEN_MAX];
    static uint8_t out[DH_LEN_MAX], larger[DH_LEN_MAX + 1];
    struct vectors *v = vectors_open("dh.txt");
    struct dh d;

    for (size_t i = 0; i < 2; i++) {
        size_t len = groups[i].group->p.len;

        ck_assert(dh_generate(&d, groups[i].group, &random_system, out));
        ck_assert(dh_shared(&d, BYTES_OF_ARRAY(two), out));
        ck_assert(dh_shared(&d, value(v, i, "p - 2"), out));
        ck_assert(!dh_shared(&d, (struct bytes){NULL, 0}, out));
        ck_assert_mem_eq(out, zeros, len);
        ck_assert(!dh_shared(&d, (struct bytes){zeros, 5}, out));
        ck_assert(!dh_shared(&d, bytes_of("\1"), out));
        ck_assert(!dh_shared(&d, value(v, i, "p - 1"), out));
        ck_assert(!dh_shared(&d, groups[i].group->p, out));
        memset(larger, 0xff, len);
        ck_assert(!dh_shared(&d, (struct bytes){larger, len}, out));
        ck_assert(!dh_shared(&d, (struct bytes){larger, len + 1}, out));
        dh_clear(&d);
    }
    vectors_close(v);
}
END_TEST

/* RFC 8268 section 4: a base of order 2 gives 1 or p - 1, one of order 1 gives 1. Neither is sent
 * or used as a secret. */
START_TEST(a_result_out_of_range_is_refused)
{
    static uint8_t p[256], base[256], out[256];
    const struct dh_group group = {{p, sizeof p}, {base, sizeof base}, 512};
    struct dh d;

    memcpy(p, dh_group14.p.at, sizeof p);
    memcpy(base, p, sizeof p);
    base[255] = (uint8_t)(base[255] - 1); /* p - 1, whose order is 2 */
    for (int i = 0; i < 20; i++)
        ck_assert(!dh_generate(&d, &group, &random_system, out));
}
END_TEST

START_TEST(a_proposed_group_is_used_as_it_is)
{
    uint8_t p[257] = {0}, g[2] = {0, 2}, pub_a[256], pub_b[256], one[256], two[256];
    struct dh_group group;
    struct dh a, b;

    memcpy(p + 1, dh_group14.p.at, 256);
    ck_assert(dh_group_init(&group, BYTES_OF_ARRAY(p), BYTES_OF_ARRAY(g), 2048, 8192));
    ck_assert_uint_eq(group.p.len, 256);
    ck_assert_uint_eq(group.secret_bits, dh_group14.secret_bits);
    ck_assert(dh_generate(&a, &group, &random_system, pub_a));
    ck_assert(dh_generate(&b, &dh_group14, &random_system, pub_b));
    ck_assert(dh_shared(&a, BYTES_OF_ARRAY(pub_b), one));
    ck_assert(dh_shared(&b, BYTES_OF_ARRAY(pub_a), two));
    ck_assert_mem_eq(one, two, sizeof one);
    dh_clear(&a);
    dh_clear(&b);
}
END_TEST

START_TEST(unusable_groups_are_refused)
{
    static uint8_t huge[DH_LEN_MAX + 1];
    struct vectors *v = vectors_open("dh.txt");
    struct bytes p = dh_group14.p, g = dh_group14.g, small = {p.at, 127};
    uint8_t even[256];
    struct dh_group group;

    memcpy(even, p.at, sizeof even);
    even[255] &= 0xfe;
    memset(huge, 0xff, sizeof huge);
    ck_assert(!dh_group_init(&group, p, g, 2049, 8192));
    ck_assert(!dh_group_init(&group, p, g, 1024, 2047));
    ck_assert(dh_group_init(&group, p, g, 2048, 2048));
    ck_assert(!dh_group_init(&group, small, g, 0, 8192));
    ck_assert(!dh_group_init(&group, (struct bytes){NULL, 0}, g, 0, 8192));
    ck_assert(!dh_group_init(&group, BYTES_OF_ARRAY(huge), g, 0, 1 << 20));
    ck_assert(!dh_group_init(&group, BYTES_OF_ARRAY(even), g, 2048, 8192));
    ck_assert(!dh_group_init(&group, p, (struct bytes){NULL, 0}, 2048, 8192));
    ck_assert(!dh_group_init(&group, p, bytes_of("\1"), 2048, 8192));
    ck_assert(!dh_group_init(&group, p, value(v, 0, "p - 1"), 2048, 8192));
    ck_assert(!dh_group_init(&group, p, p, 2048, 8192));
    vectors_close(v);
}
END_TEST

START_TEST(clearing_wipes_the_secret)
{
    static uint8_t out[DH_LEN_MAX];
    struct dh d;
    uint8_t secret[DH_SECRET_LEN_MAX];

    ck_assert(dh_generate(&d, &dh_group18, &random_system, out));
    memcpy(secret, d.secret, sizeof secret);
    wiped_record();
    dh_clear(&d);
    assert_wiped(DH_SECRET_LEN_MAX, 1);
    ck_assert(wiped_exactly(BYTES_OF_ARRAY(secret)));
    ck_assert_uint_eq(d.secret_len, 0);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, known_public_values_and_secrets_match);
    add_test(suite, secrets_have_exactly_the_specified_length);
    add_test(suite, the_length_of_a_secret_follows_from_that_of_the_group);
    add_test(suite, both_ends_agree);
    add_test(suite, peers_out_of_range_are_refused);
    add_test(suite, a_result_out_of_range_is_refused);
    add_test(suite, a_proposed_group_is_used_as_it_is);
    add_test(suite, unusable_groups_are_refused);
    add_test(suite, clearing_wipes_the_secret);
}
