/* Print what is derived from K and H, for tests/pictures/keys.py. Every method and every protection
 * is used in a session, and the keys are computed once more as the picture says, by RFC 4253
 * section 7.2:
 *
 *     exchange KEX HASH LENGTH mpint|string      how K enters the hash
 *     protection CIPHER MAC IV KEY MAC-KEY       bytes
 */
#include "apps/session/parts.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"
#include "tests/support/tables.h"
#include "transport/kex_method.h"

#include <stdio.h>

enum { STREAM_MAX = 64 + HASH_MAX, LETTERS = 6 };

struct secrets {
    uint8_t k[KEX_SECRET_MAX];
    size_t k_len;
    uint8_t keys[LETTERS][STREAM_MAX]; /* 'A' to 'F' */
    size_t lens[LETTERS];
};

static void on_secret(void *context, char label, const uint8_t *bytes, size_t len)
{
    struct end *e = context;
    struct secrets *s = e->pair->user;

    if (e != &e->pair->server)
        return;
    if (label == 'K') {
        ck_assert_uint_le(len, sizeof s->k);
        memcpy(s->k, bytes, len);
        s->k_len = len;
    } else if (label >= 'A' && label <= 'F') {
        ck_assert_uint_le(len, STREAM_MAX);
        memcpy(s->keys[label - 'A'], bytes, len);
        s->lens[label - 'A'] = len;
    }
}

/* HASH(K || H || X || session_id), then HASH(K || H || all so far) until it is long enough; in the
 * first exchange H is the session id. */
static void check_key(const struct secrets *s, const struct hash_method *method, struct bytes h,
                      int letter)
{
    uint8_t stream[STREAM_MAX], x = (uint8_t)('A' + letter);
    size_t have = 0;

    while (have < s->lens[letter]) {
        struct hash state;

        ck_assert(hash_start(&state, method));
        hash_update(&state, (struct bytes){s->k, s->k_len});
        hash_update(&state, h);
        hash_update(&state, have == 0 ? (struct bytes){&x, 1} : (struct bytes){stream, have});
        if (have == 0)
            hash_update(&state, h);
        ck_assert(hash_finish(&state, stream + have));
        have += method->len;
    }
    ck_assert_mem_eq(stream, s->keys[letter], s->lens[letter]);
}

static void run(const struct algorithm *kex, struct protection protection, struct secrets *s)
{
    static const struct nacre_observer observer = {.secret = on_secret};
    const struct kex_method *method = kex->method;
    struct pair p;

    memset(s, 0, sizeof *s);
    pair_init(&p, 1);
    p.user = s;
    p.server_config.observer = &observer;
    p.client_config.kex = p.server_config.kex = kex->name;
    p.client_config.ciphers = p.server_config.ciphers = protection.cipher->name;
    if (protection.mac != NULL)
        p.client_config.macs = p.server_config.macs = protection.mac->name;
    pair_start(&p);
    (void)pair_open(&p);
    for (int letter = 0; letter < LETTERS; letter++)
        check_key(s, method->hash, transport_session_id(p.server.session->transport), letter);
    pair_clear(&p);
}

START_TEST(print_keys)
{
    const struct algorithm *kex = algorithms_of(ALGORITHM_KEX);
    struct secrets s;

    for (int i = 0; i < algorithm_count(ALGORITHM_KEX); i++) {
        const struct kex_method *method = kex[i].method;

        run(&kex[i], protection_at(0), &s);
        printf("exchange %s %s %zu %s\n", kex[i].name, method->hash->name, method->hash->len,
               method->secret_is_string ? "string" : "mpint");
    }
    for (int i = 0; i < protection_count(); i++) {
        struct protection protection = protection_at(i);

        run(algorithm_find(ALGORITHM_KEX, bytes_of("curve25519-sha256")), protection, &s);
        printf("protection %s %s %zu %zu %zu\n", protection.cipher->name,
               protection.mac == NULL ? "-" : protection.mac->name, s.lens[0], s.lens[2],
               s.lens[4]);
        for (int letter = 0; letter < LETTERS; letter += 2)
            ck_assert_uint_eq(s.lens[letter], s.lens[letter + 1]);
    }
    (void)fflush(stdout);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, print_keys);
}
