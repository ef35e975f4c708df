/* mlkem768x25519-sha256. draft-ietf-sshm-mlkem-hybrid-kex sections 2.1, 2.3.3 and 2.4.
 *
 * C_INIT = ML-KEM public key, X25519 key; S_REPLY = ML-KEM ciphertext, X25519 key;
 * K = SHA-256(K_PQ || K_CL), as string. */
#include "transport/kex_method.h"

#include "crypto/mlkem768.h"
#include "crypto/random.h"
#include "crypto/x25519.h"

enum {
    X = 32, /* bytes of an X25519 key or secret */
    C_INIT = MLKEM768_EK_LEN + X,
    S_REPLY = MLKEM768_CT_LEN + X,
};

struct state {
    uint8_t dk[MLKEM768_DK_LEN];
    uint8_t x25519[X];
};

/* draft-ietf-sshm-mlkem-hybrid-kex section 2.4. secrets: K_PQ, then K_CL; wiped. */
static bool combine(uint8_t secrets[MLKEM768_SS_LEN + X], uint8_t *secret)
{
    bool good = hash_of(&hash_sha256, (struct bytes){secrets, MLKEM768_SS_LEN + X}, secret);

    wipe(secrets, MLKEM768_SS_LEN + X);
    return good;
}

static bool make_share(const struct kex_method *method, void *scratch, void *at,
                       const struct random_source *random, uint8_t *share)
{
    struct state *s = at;
    uint8_t seeds[2 * MLKEM768_SS_LEN];
    bool good;

    (void)method;
    random_fill(random, seeds, sizeof seeds);
    random_fill(random, s->x25519, X);
    good = mlkem768_keypair(share, s->dk, seeds, seeds + MLKEM768_SS_LEN, scratch) &&
           x25519_public(share + MLKEM768_EK_LEN, s->x25519);
    wipe(seeds, sizeof seeds);
    return good;
}

static bool respond(const struct kex_method *method, void *scratch,
                    const struct random_source *random, struct bytes client_share,
                    uint8_t *server_share, uint8_t *secret)
{
    uint8_t ephemeral[MLKEM768_SS_LEN + X]; /* m, then the X25519 secret */
    uint8_t secrets[MLKEM768_SS_LEN + X];
    bool good;

    (void)method;
    random_fill(random, ephemeral, sizeof ephemeral);
    good = mlkem768_encapsulate(server_share, secrets, client_share.at, ephemeral, scratch) &&
           x25519_public(server_share + MLKEM768_CT_LEN, ephemeral + MLKEM768_SS_LEN) &&
           x25519_shared(secrets + MLKEM768_SS_LEN, ephemeral + MLKEM768_SS_LEN,
                         client_share.at + MLKEM768_EK_LEN) &&
           combine(secrets, secret);
    wipe(ephemeral, sizeof ephemeral);
    wipe(secrets, sizeof secrets);
    return good;
}

static bool finish(const struct kex_method *method, void *scratch, const void *at,
                   struct bytes server_share, uint8_t *secret)
{
    const struct state *s = at;
    uint8_t secrets[MLKEM768_SS_LEN + X];
    bool good;

    (void)method;
    good = mlkem768_decapsulate(secrets, s->dk, server_share.at, scratch) &&
           x25519_shared(secrets + MLKEM768_SS_LEN, s->x25519, server_share.at + MLKEM768_CT_LEN) &&
           combine(secrets, secret);
    wipe(secrets, sizeof secrets);
    return good;
}

const struct kex_method kex_mlkem768x25519 = {
    .hash = &hash_sha256,
    .course = KEX_ONE_SHARE_EACH,
    .secret_is_string = true,
    .client_share_len = C_INIT,
    .server_share_len = S_REPLY,
    .secret_len = 32,
    .state_len = sizeof(struct state),
    .scratch_len = sizeof(struct mlkem768_scratch),
    .make_share = make_share,
    .respond = respond,
    .finish = finish,
};
