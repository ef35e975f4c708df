/* sntrup761x25519-sha512. RFC 9941; sntrup761x25519-sha512@openssh.com is the same method.
 *
 * Q_C = sntrup761 public key, X25519 key; Q_S = sntrup761 ciphertext, X25519 key;
 * K = SHA-512(sntrup761 secret, X25519 secret), as string. */
#include "transport/kex_method.h"

#include "crypto/random.h"
#include "crypto/sntrup761.h"
#include "crypto/x25519.h"

enum {
    X = 32, /* bytes of an X25519 key or secret */
    Q_C = SNTRUP761_PK_LEN + X,
    Q_S = SNTRUP761_CT_LEN + X,
};

struct state {
    uint8_t sk[SNTRUP761_SK_LEN];
    uint8_t x25519[X];
};

/* secrets: that of sntrup761, then that of X25519; wiped. */
static bool combine(uint8_t secrets[SNTRUP761_SS_LEN + X], uint8_t *secret)
{
    bool good = hash_of(&hash_sha512, (struct bytes){secrets, SNTRUP761_SS_LEN + X}, secret);

    wipe(secrets, SNTRUP761_SS_LEN + X);
    return good;
}

static bool make_share(const struct kex_method *method, void *scratch, void *at,
                       const struct random_source *random, uint8_t *share)
{
    struct state *s = at;
    bool good;

    (void)method;
    random_fill(random, s->x25519, X);
    good = sntrup761_keypair(share, s->sk, random, scratch) &&
           x25519_public(share + SNTRUP761_PK_LEN, s->x25519);
    return good;
}

static bool respond(const struct kex_method *method, void *scratch,
                    const struct random_source *random, struct bytes client_share,
                    uint8_t *server_share, uint8_t *secret)
{
    uint8_t x25519[X];
    uint8_t secrets[SNTRUP761_SS_LEN + X];
    bool good;

    (void)method;
    random_fill(random, x25519, sizeof x25519);
    good = sntrup761_encapsulate(server_share, secrets, client_share.at, random, scratch) &&
           x25519_public(server_share + SNTRUP761_CT_LEN, x25519) &&
           x25519_shared(secrets + SNTRUP761_SS_LEN, x25519, client_share.at + SNTRUP761_PK_LEN) &&
           combine(secrets, secret);
    wipe(x25519, sizeof x25519);
    wipe(secrets, sizeof secrets);
    return good;
}

static bool finish(const struct kex_method *method, void *scratch, const void *at,
                   struct bytes server_share, uint8_t *secret)
{
    const struct state *s = at;
    uint8_t secrets[SNTRUP761_SS_LEN + X];
    bool good;

    (void)method;
    good =
        sntrup761_decapsulate(secrets, s->sk, server_share.at, scratch) &&
        x25519_shared(secrets + SNTRUP761_SS_LEN, s->x25519, server_share.at + SNTRUP761_CT_LEN) &&
        combine(secrets, secret);
    wipe(secrets, sizeof secrets);
    return good;
}

const struct kex_method kex_sntrup761x25519 = {
    .hash = &hash_sha512,
    .course = KEX_ONE_SHARE_EACH,
    .secret_is_string = true,
    .client_share_len = Q_C,
    .server_share_len = Q_S,
    .secret_len = 64,
    .state_len = sizeof(struct state),
    .scratch_len = sizeof(struct sntrup761_scratch),
    .make_share = make_share,
    .respond = respond,
    .finish = finish,
};
