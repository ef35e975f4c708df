/* The hybrids' shared secret, put together again from their two halves: what each end makes of the
 * random bytes that it drew. draft-ietf-sshm-mlkem-hybrid-kex section 2.4, RFC 9941. */
#include "crypto/hash.h"
#include "crypto/mlkem768.h"
#include "crypto/random.h"
#include "crypto/sntrup761.h"
#include "crypto/x25519.h"
#include "tests/support/suite.h"
#include "transport/kex_method.h"

#include <stdlib.h>
#include <string.h>

/* The bytes that were drawn; given out again in their order when `replayed` begins at 0. */
struct record {
    struct random_seeded seed;
    struct random_source source;
    uint8_t bytes[16 * 1024];
    size_t len, replayed;
};

static void record(void *context, uint8_t *out, size_t len)
{
    struct record *r = context;

    ck_assert_uint_le(len, sizeof r->bytes - r->len);
    random_fill(&r->source, out, len);
    memcpy(r->bytes + r->len, out, len);
    r->len += len;
}

static void replay(void *context, uint8_t *out, size_t len)
{
    struct record *r = context;

    ck_assert_uint_le(len, r->len - r->replayed);
    memcpy(out, r->bytes + r->replayed, len);
    r->replayed += len;
}

/* One exchange: what was drawn and sent, and the secret as each end has it. */
struct exchange {
    struct record client, server;
    uint8_t client_share[KEX_SHARE_MAX], server_share[KEX_SHARE_MAX];
    uint8_t client_secret[HASH_MAX], server_secret[HASH_MAX];
};

static struct exchange x;

static void record_begin(struct record *r, uint8_t who, uint8_t round)
{
    const uint8_t seed[32] = {who, round};

    memset(r, 0, sizeof *r);
    r->source = random_from_seed(&r->seed, seed);
}

static void run(const struct kex_method *method, uint8_t round)
{
    const struct random_source client = {record, &x.client}, server = {record, &x.server};
    void *state = calloc(1, method->state_len);
    void *scratch = calloc(1, method->scratch_len);

    ck_assert(state != NULL && scratch != NULL);
    record_begin(&x.client, 1, round);
    record_begin(&x.server, 2, round);
    ck_assert(method->make_share(method, scratch, state, &client, x.client_share));
    memset(scratch, 0, method->scratch_len);
    ck_assert(method->respond(method, scratch, &server,
                              (struct bytes){x.client_share, method->client_share_len},
                              x.server_share, x.server_secret));
    memset(scratch, 0, method->scratch_len);
    ck_assert(method->finish(method, scratch, state,
                             (struct bytes){x.server_share, method->server_share_len},
                             x.client_secret));
    free(state);
    free(scratch);
}

/* Both ends have HASH(first || second). */
static void check_secret(const struct hash_method *hash, const uint8_t first[32],
                         const uint8_t second[32])
{
    uint8_t both[64], expected[HASH_MAX];

    memcpy(both, first, 32);
    memcpy(both + 32, second, 32);
    ck_assert(hash_of(hash, BYTES_OF_ARRAY(both), expected));
    ck_assert_mem_eq(x.client_secret, expected, hash->len);
    ck_assert_mem_eq(x.server_secret, expected, hash->len);
}

/* Both public X25519 keys are at the ends of the shares; their shared secret, from either side. */
static void x25519_half(const uint8_t client[32], const uint8_t server[32], const uint8_t *q_c,
                        const uint8_t *q_s, uint8_t secret[32])
{
    uint8_t public[32], other[32];

    ck_assert(x25519_public(public, client));
    ck_assert_mem_eq(q_c, public, 32);
    ck_assert(x25519_public(public, server));
    ck_assert_mem_eq(q_s, public, 32);
    ck_assert(x25519_shared(secret, client, q_s) && x25519_shared(other, server, q_c));
    ck_assert_mem_eq(secret, other, 32);
}

/* The client draws d, z and its X25519 secret, the server m and its own. */
START_TEST(the_secret_of_mlkem768x25519_is_sha256_of_the_post_quantum_secret_then_the_classic)
{
    static struct mlkem768_scratch scratch;
    static uint8_t ek[MLKEM768_EK_LEN], dk[MLKEM768_DK_LEN], ct[MLKEM768_CT_LEN];
    uint8_t k_pq[32], opened[32], k_cl[32];

    ck_assert_uint_eq(kex_mlkem768x25519.client_share_len, sizeof ek + 32);
    ck_assert_uint_eq(kex_mlkem768x25519.server_share_len, sizeof ct + 32);
    ck_assert_uint_eq(kex_mlkem768x25519.secret_len, 32);
    ck_assert(kex_mlkem768x25519.secret_is_string);
    for (uint8_t round = 0; round < 8; round++) {
        run(&kex_mlkem768x25519, round);
        ck_assert_uint_eq(x.client.len, 96);
        ck_assert_uint_eq(x.server.len, 64);
        ck_assert(mlkem768_keypair(ek, dk, x.client.bytes, x.client.bytes + 32, &scratch));
        ck_assert_mem_eq(x.client_share, ek, sizeof ek);
        ck_assert(mlkem768_encapsulate(ct, k_pq, ek, x.server.bytes, &scratch));
        ck_assert_mem_eq(x.server_share, ct, sizeof ct);
        ck_assert(mlkem768_decapsulate(opened, dk, ct, &scratch));
        ck_assert_mem_eq(opened, k_pq, 32);
        x25519_half(x.client.bytes + 64, x.server.bytes + 32, x.client_share + sizeof ek,
                    x.server_share + sizeof ct, k_cl);
        check_secret(&hash_sha256, k_pq, k_cl);
    }
}
END_TEST

/* Both draw their X25519 secret first; then what the mechanism asks for, as often as it must. */
START_TEST(the_secret_of_sntrup761x25519_is_sha512_of_the_post_quantum_secret_then_the_classic)
{
    static struct sntrup761_scratch scratch;
    static uint8_t pk[SNTRUP761_PK_LEN], sk[SNTRUP761_SK_LEN], ct[SNTRUP761_CT_LEN];
    const struct random_source client = {replay, &x.client}, server = {replay, &x.server};
    uint8_t k_pq[32], opened[32], k_cl[32];

    ck_assert_uint_eq(kex_sntrup761x25519.client_share_len, sizeof pk + 32);
    ck_assert_uint_eq(kex_sntrup761x25519.server_share_len, sizeof ct + 32);
    ck_assert_uint_eq(kex_sntrup761x25519.secret_len, 64);
    ck_assert(kex_sntrup761x25519.secret_is_string);
    for (uint8_t round = 0; round < 2; round++) {
        run(&kex_sntrup761x25519, round);
        x.client.replayed = x.server.replayed = 32;
        ck_assert(sntrup761_keypair(pk, sk, &client, &scratch));
        ck_assert_mem_eq(x.client_share, pk, sizeof pk);
        ck_assert(sntrup761_encapsulate(ct, k_pq, pk, &server, &scratch));
        ck_assert_mem_eq(x.server_share, ct, sizeof ct);
        ck_assert_uint_eq(x.client.replayed, x.client.len);
        ck_assert_uint_eq(x.server.replayed, x.server.len);
        ck_assert(sntrup761_decapsulate(opened, sk, ct, &scratch));
        ck_assert_mem_eq(opened, k_pq, 32);
        x25519_half(x.client.bytes, x.server.bytes, x.client_share + sizeof pk,
                    x.server_share + sizeof ct, k_cl);
        check_secret(&hash_sha512, k_pq, k_cl);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite,
             the_secret_of_mlkem768x25519_is_sha256_of_the_post_quantum_secret_then_the_classic);
    add_test(suite,
             the_secret_of_sntrup761x25519_is_sha512_of_the_post_quantum_secret_then_the_classic);
}
