/* ecdh-sha2-nistp256, -nistp384, -nistp521. RFC 5656 section 4. */
#include "transport/kex_method.h"

#include "crypto/ecdh.h"

static bool make_share(const struct kex_method *method, void *scratch, void *state,
                       const struct random_source *random, uint8_t *share)
{
    (void)scratch;
    return ecdh_generate(state, method->group, random, share);
}

static bool finish(const struct kex_method *method, void *scratch, const void *state,
                   struct bytes server_share, uint8_t *secret)
{
    (void)method;
    (void)scratch;
    return ecdh_shared(state, server_share, secret);
}

static bool respond(const struct kex_method *method, void *scratch,
                    const struct random_source *random, struct bytes client_share,
                    uint8_t *server_share, uint8_t *secret)
{
    struct ecdh ephemeral;
    bool good;

    if (!ecdh_generate(&ephemeral, method->group, random, server_share))
        return false;
    good = finish(method, scratch, &ephemeral, client_share, secret);
    ecdh_clear(&ephemeral);
    return good;
}

static void clear(void *state)
{
    ecdh_clear(state);
}

#define NISTP(bits, digest, more)                                                                  \
    .course = KEX_ONE_SHARE_EACH, .hash = &hash_##digest, .group = &ec_nistp##bits,                \
    .client_share_len = 1 + 2 * (((bits) + 7) / 8),                                                \
    .server_share_len = 1 + 2 * (((bits) + 7) / 8), .secret_len = ((bits) + 7) / 8,                \
    .state_len = sizeof(struct ecdh), .tokens = (more), .make_share = make_share,                  \
    .respond = respond, .finish = finish, .clear = clear

/* Section 6.2.1: the hash goes with the size of the curve. */
const struct kex_method kex_nistp256 = {NISTP(256, sha256, 0)};
const struct kex_method kex_nistp384 = {NISTP(384, sha384, 5)};
const struct kex_method kex_nistp521 = {NISTP(521, sha512, 1)};
