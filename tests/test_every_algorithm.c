/* Every algorithm of every kind carries a whole session, first exchange and rekey, in memory. */
#include "tests/pair.h"
#include "transport/algorithms.h"

#include <check.h>
#include <string.h>

/* A session with the choice that the pair's configurations leave, whole and dripped. */
static void check_session(struct pair *p)
{
    struct nacre_channel *ch;

    pair_start(p);
    ch = pair_open(p);
    ck_assert(nacre_channel_shell(ch));
    pair_run(p);
    ck_assert_uint_eq(nacre_channel_write(ch, "hello", 5), 5);
    nacre_session_rekey(p->client.session);
    pair_run(p);
    ck_assert_uint_eq(nacre_channel_write(ch, "again", 5), 5);
    pair_run(p);
    nacre_session_rekey(p->server.session);
    pair_run(p);
    ck_assert_uint_eq(nacre_channel_write(ch, "!", 1), 1);
    pair_run(p);
    ck_assert_uint_eq(p->got_len, 11);
    ck_assert_mem_eq(p->got, "helloagain!", 11);
}

static void offer(struct pair *p, uint8_t seed, size_t chunk)
{
    pair_init(p, seed);
    p->chunk = chunk;
}

START_TEST(every_key_exchange_method)
{
    const char *name = algorithms_of(ALGORITHM_KEX)[_i].name;
    struct pair p;

    offer(&p, 7, 0);
    p.client_config.kex = p.server_config.kex = name;
    check_session(&p);
    ck_assert_str_eq(nacre_session_negotiated(p.server.session)->kex, name);
    pair_clear(&p);
}
END_TEST

START_TEST(every_cipher_with_every_mac)
{
    static const size_t chunks[] = {0, 1, 13};
    const char *cipher = algorithms_of(ALGORITHM_CIPHER)[_i].name;
    struct pair p;

    for (const struct algorithm *mac = algorithms_of(ALGORITHM_MAC); mac->name != NULL; mac++)
        for (int c = 0; c < 3; c++) {
            offer(&p, 8, chunks[c]);
            p.client_config.ciphers = p.server_config.ciphers = cipher;
            p.client_config.macs = p.server_config.macs = mac->name;
            check_session(&p);
            pair_clear(&p);
        }
}
END_TEST

static size_t rows_of(enum algorithm_kind kind)
{
    size_t n = 0;

    while (algorithms_of(kind)[n].name != NULL)
        n++;
    return n;
}

int main(void)
{
    Suite *s = suite_create("every algorithm");
    TCase *t = tcase_create("every algorithm");
    SRunner *r;
    int failed;

    tcase_set_timeout(t, 240);
    tcase_add_loop_test(t, every_key_exchange_method, 0, (int)rows_of(ALGORITHM_KEX));
    tcase_add_loop_test(t, every_cipher_with_every_mac, 0, (int)rows_of(ALGORITHM_CIPHER));
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? 0 : 1;
}
