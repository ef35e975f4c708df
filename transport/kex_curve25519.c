/* curve25519-sha256. RFC 8731 section 3. */
#include "transport/kex_method.h"

#include "crypto/random.h"
#include "crypto/x25519.h"

enum { KEY = 32 };

static bool make_share(const struct kex_method *method, void *scratch, void *state,
                       const struct random_source *random, uint8_t *share)
{
    (void)method;
    (void)scratch;
    random_fill(random, state, KEY);
    return x25519_public(share, state);
}

/* False when the secret is all zero: RFC 8731 section 3.1. */
static bool finish(const struct kex_method *method, void *scratch, const void *state,
                   struct bytes server_share, uint8_t *secret)
{
    (void)method;
    (void)scratch;
    return x25519_shared(secret, state, server_share.at);
}

static bool respond(const struct kex_method *method, void *scratch,
                    const struct random_source *random, struct bytes client_share,
                    uint8_t *server_share, uint8_t *secret)
{
    uint8_t *ephemeral = scratch;

    return make_share(method, scratch, ephemeral, random, server_share) &&
           finish(method, scratch, ephemeral, client_share, secret);
}

static struct bytes private_number(const void *state)
{
    return (struct bytes){state, KEY};
}

const struct kex_method kex_curve25519 = {
    .hash = &hash_sha256,
    .course = KEX_ONE_SHARE_EACH,
    .client_share_len = KEY,
    .server_share_len = KEY,
    .secret_len = KEY,
    .state_len = KEY,
    .scratch_len = KEY,
    .make_share = make_share,
    .respond = respond,
    .finish = finish,
    .private_number = private_number,
};
