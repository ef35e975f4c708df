#include "apps/daemon/options.h"
#include "tests/support/suite.h"

#include <string.h>

static struct server_options o;
static char errbuf[OPTION_SENTENCE_MAX];

static const struct option_row *find(const struct option_group *group, const char *name)
{
    const struct option_row *row = group->rows;

    while (row->name != NULL && strcmp(row->name, name) != 0)
        row++;
    return row->name != NULL ? row : NULL;
}

/* Set an option of a struct server_options. */
static bool set(const char *name, const char *value)
{
    const struct option_row *row = find(&server_options, name);

    if (row == NULL)
        row = find(&server_crypto_options, name);
    if (row == NULL)
        row = find(&log_options, name);
    ck_assert_ptr_nonnull(row);
    errbuf[0] = 0;
    return option_set(row, &o, value, &(struct errbuf){errbuf, sizeof errbuf});
}

START_TEST(addresses_have_a_port)
{
    o = (struct server_options){0};
    ck_assert(set("listen", "127.0.0.1:0"));
    ck_assert(set("listen", "[::]:2022"));
    ck_assert(!set("listen", "::1"));
    ck_assert_str_eq(errbuf,
                     "--listen: '::1' is not ADDR:PORT, [ADDR]:PORT for IPv6, or unix:PATH");
    ck_assert_uint_eq(o.listen.count, 2);
    while (o.listen.count < 16)
        ck_assert(set("listen", ":0"));
    ck_assert(!set("listen", ":0"));
    ck_assert_str_eq(errbuf, "--listen: given more than 16 times");
    for (int i = 0; i < 16; i++)
        ck_assert(set("host-key", "key"));
    ck_assert(!set("host-key", "key"));
}
END_TEST

START_TEST(only_known_methods_can_be_required)
{
    o = (struct server_options){0};
    ck_assert(set("require", "publickey"));
    ck_assert(set("require", "password,keyboard-interactive,publickey"));
    ck_assert_str_eq(o.require, "password,keyboard-interactive,publickey");
    ck_assert(!set("require", "public"));
    ck_assert(!set("require", "publickeys"));
    ck_assert(!set("require", "publickey,"));
    ck_assert(!set("require", ""));
    ck_assert(!set("require", "none"));
}
END_TEST

START_TEST(a_rekey_limit_is_a_size_and_perhaps_a_time)
{
    static const char *const bad[] = {"",         "1",    "1023",   "1M,",    "1M,0",  "1M,x",
                                      "x,60",     "1Mx",  ",60",    "2T",     "1M,-1", "1025G",
                                      "1M,60,60", "0.5k", "1M,1hx", "1M,60k", "1M,53w"};

    o = (struct server_options){0};
    ck_assert(set("rekey-limit", "1K"));
    ck_assert_uint_eq(o.rekey_bytes, 1024);
    ck_assert_uint_eq(o.rekey_ms, 0);
    ck_assert(set("rekey-limit", "3G,60"));
    ck_assert_uint_eq(o.rekey_bytes, UINT64_C(3) << 30);
    ck_assert_uint_eq(o.rekey_ms, 60000);
    ck_assert(set("rekey-limit", "256k,1h30m"));
    ck_assert_uint_eq(o.rekey_bytes, 256 * 1024);
    ck_assert_uint_eq(o.rekey_ms, 5400000);
    ck_assert(set("rekey-limit", "1024,1"));
    ck_assert_uint_eq(o.rekey_bytes, 1024);
    ck_assert_uint_eq(o.rekey_ms, 1000);
    ck_assert(set("rekey-limit", "1024G,31536000"));
    ck_assert_uint_eq(o.rekey_bytes, UINT64_C(1) << 40);
    ck_assert_uint_eq(o.rekey_ms, UINT64_C(31536000000));
    ck_assert(!set("rekey-limit", "1024G,31536001"));
    ck_assert(!set("rekey-limit", "1099511627777"));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!set("rekey-limit", bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(verbose_twice_logs_every_message)
{
    o = (struct server_options){.level = LOG_INFO};
    ck_assert(set("verbose", NULL));
    ck_assert_int_eq(o.level, LOG_DEBUG);
    ck_assert(set("verbose", NULL));
    ck_assert_int_eq(o.level, LOG_TRACE);
    ck_assert(set("verbose", NULL));
    ck_assert_int_eq(o.level, LOG_TRACE);
    ck_assert(set("quiet", NULL));
    ck_assert_int_eq(o.level, LOG_WARN);
}
END_TEST

START_TEST(algorithms_go_into_the_list_of_their_kind)
{
    o = (struct server_options){0};
    ck_assert(set("pubkey-algorithms", "ssh-ed25519"));
    ck_assert_str_eq(o.algorithms.lists[NACRE_PUBLIC_KEY], "ssh-ed25519");
    ck_assert(option_set(find(&algorithm_options, "kex"), &o.algorithms, "curve25519-sha256",
                         &(struct errbuf){errbuf, sizeof errbuf}));
    ck_assert_str_eq(o.algorithms.lists[NACRE_KEX], "curve25519-sha256");
    ck_assert(!option_set(find(&algorithm_options, "ciphers"), &o.algorithms, "rot13",
                          &(struct errbuf){errbuf, sizeof errbuf}));
    ck_assert_ptr_nonnull(strstr(errbuf, "--ciphers: cipher 'rot13' is not known"));
    algorithm_options_clear(&o.algorithms);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, addresses_have_a_port);
    add_test(suite, only_known_methods_can_be_required);
    add_test(suite, a_rekey_limit_is_a_size_and_perhaps_a_time);
    add_test(suite, verbose_twice_logs_every_message);
    add_test(suite, algorithms_go_into_the_list_of_their_kind);
}
