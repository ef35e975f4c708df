/* Every algorithm of every kind in a whole session in memory: first key exchange and rekey. */
#include "apps/files/key_format.h"
#include "tests/support/key_texts.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"
#include "tests/support/tables.h"
#include "tests/support/vectors.h"
#include "transport/algorithms.h"
#include "transport/wire.h"

#include <stdio.h>
#include <string.h>

/* A session with what the pair's configurations allow, delivered whole and byte by byte. */
static void check_session(struct pair *p)
{
    struct nacre_channel *ch;

    pair_start(p);
    ch = pair_open(p);
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_DONE);
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

/* The key from RFC 6979 appendix A.2.7. */
static bool make_nistp521(struct nacre_key *key)
{
    struct vectors *v = vectors_open("ecdsa.txt");
    bool good = private_key_ecdsa(key, &ec_nistp521, vectors_get(v, "nistp521 private"),
                                  vectors_get(v, "nistp521 public"));

    vectors_close(v);
    return good;
}

/* Generate a key for this signature. False: nacre only verifies it. */
static bool make_key(struct nacre_key *key, const char *type)
{
    static const uint8_t seed[32] = {1};
    uint8_t binary[KEY_BINARY_MAX];

    if (strcmp(type, "ssh-ed25519") == 0)
        return private_key_ed25519(key, seed);
    if (strcmp(type, "ssh-rsa") == 0)
        return key_parse_pkcs1(key, key_binary(pkcs1_rsa, binary)) == KEY_GOOD;
    if (strcmp(type, "ecdsa-sha2-nistp256") == 0)
        return key_parse_openssh(key, key_binary(openssh_nistp256, binary)) == KEY_GOOD;
    if (strcmp(type, "ecdsa-sha2-nistp384") == 0)
        return key_parse_sec1(key, key_binary(sec1_nistp384, binary)) == KEY_GOOD;
    return strcmp(type, "ecdsa-sha2-nistp521") == 0 && make_nistp521(key);
}

static enum nacre_answer any_host_key(void *context, const char *algorithm, const uint8_t *key,
                                      size_t len)
{
    (void)context;
    (void)algorithm;
    (void)key;
    return len > 0;
}

static void any_user_key(void *context, struct nacre_decision *d, const char *user,
                         const struct nacre_key_offer *offer)
{
    (void)context;
    (void)user;
    nacre_decide(d, offer->key_len > 0);
}

/* One key for host and user; each signs with that algorithm only. */
START_TEST(every_signature_of_hosts_and_users)
{
    const struct algorithm *row = &algorithms_of(ALGORITHM_HOST_KEY)[_i];
    const struct signature_algorithm *signature = row->method;
    struct nacre_key key = {0};
    const struct nacre_key *keys[] = {&key};
    char name[64];
    struct pair p;

    if (!make_key(&key, signature->key_type)) {
        ck_assert(signature->sign == NULL); /* it needs hardware */
        return;
    }
    offer(&p, 9, 0);
    (void)snprintf(name, sizeof name, "%s", row->name);
    p.host_keys[0] = &key;
    p.policy.publickey = any_user_key;
    if (!row->off) { /* a client never signs with an algorithm that is off */
        p.client_config.keys = keys;
        p.client_config.key_count = 1;
        p.client_config.password = NULL;
    }
    p.client_config.host_key_accepted = any_host_key;
    p.client_config.host_key = p.server_config.host_key = name;
    p.client_config.public_key = p.server_config.public_key = name;
    check_session(&p);
    ck_assert_str_eq(nacre_session_negotiated(p.server.session)->host_key, name);
    pair_clear(&p);
    private_key_clear(&key);
}
END_TEST

static bool signs_for(struct bytes algorithm, const struct nacre_key *key)
{
    for (const struct algorithm *a = algorithms_of(ALGORITHM_HOST_KEY); a->name != NULL; a++)
        if (bytes_are(algorithm, a->name))
            return !a->off && key_can_sign(key, a->method);
    return false;
}

static uint8_t proof[4096];
static size_t proof_len;

static void on_proof(void *context, bool granted, const uint8_t *data, size_t len)
{
    (void)context;
    ck_assert(granted);
    ck_assert_uint_le(len, sizeof proof);
    memcpy(proof, data, len);
    proof_len = len;
}

/* The proof uses an algorithm of the key's own type, whatever was negotiated:
 * draft-ietf-sshm-hostkey-update section 2.2.2. Only the names are checked, because the test does
 * not know the exchange hash. */
static void check_proof(struct pair *p, const struct nacre_key *key)
{
    uint8_t question[4 + KEY_BLOB_MAX];
    struct writer w = write_to(question, sizeof question);
    struct reader r;

    write_string(&w, private_key_blob(key));
    proof_len = 0;
    ck_assert_int_eq(nacre_session_global_request(p->client.session,
                                                  "hostkeys-prove-00@openssh.com", true, question,
                                                  written(&w)),
                     NACRE_SEND_DONE);
    pair_run(p);
    r = read_from((struct bytes){proof, proof_len});
    r = read_from(read_string(&r));
    ck_assert(signs_for(read_string(&r), key));
    ck_assert_uint_gt(read_string(&r).len, 32);
    ck_assert(read_done(&r));
}

/* A server proves each of its host keys, whatever their types. */
START_TEST(every_host_key_is_proved_on_demand)
{
    static const char *const types[] = {"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256",
                                        "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"};
    enum { KEYS = sizeof types / sizeof types[0] };
    struct nacre_key key[KEYS] = {0};
    const struct nacre_key *keys[KEYS];
    struct pair p;

    offer(&p, 10, 0);
    for (int i = 0; i < KEYS; i++) {
        ck_assert(make_key(&key[i], types[i]));
        keys[i] = &key[i];
    }
    p.server_config.host_keys = keys;
    p.server_config.host_key_count = KEYS;
    p.client_config.host_key_accepted = any_host_key;
    p.client_config.global_replied = on_proof;
    pair_start(&p);
    pair_run(&p);
    for (int i = 0; i < KEYS; i++)
        check_proof(&p, &key[i]);
    pair_clear(&p);
    for (int i = 0; i < KEYS; i++)
        private_key_clear(&key[i]);
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_timeout(suite, 240);
    add_loop(suite, every_key_exchange_method, 0, algorithm_count(ALGORITHM_KEX));
    add_loop(suite, every_cipher_with_every_mac, 0, algorithm_count(ALGORITHM_CIPHER));
    add_loop(suite, every_signature_of_hosts_and_users, 0, algorithm_count(ALGORITHM_HOST_KEY));
    add_test(suite, every_host_key_is_proved_on_demand);
}
