/* diffie-hellman-group14-sha256, -group16-sha512, -group18-sha512, -group14-sha1. RFC 4253 section
 * 8, RFC 8268. */
#include "transport/kex_method.h"

#include "crypto/dh.h"

static bool make_share(const struct kex_method *method, void *scratch, void *state,
                       const struct random_source *random, uint8_t *share)
{
    (void)scratch;
    return dh_generate(state, method->group, random, share);
}

/* RFC 8268 section 4: a share outside 1 < x < p - 1 is not acceptable. */
static bool finish(const struct kex_method *method, void *scratch, const void *state,
                   struct bytes server_share, uint8_t *secret)
{
    (void)method;
    (void)scratch;
    return dh_shared(state, server_share, secret);
}

static bool respond(const struct kex_method *method, void *scratch,
                    const struct random_source *random, struct bytes client_share,
                    uint8_t *server_share, uint8_t *secret)
{
    struct dh *ephemeral = scratch;

    return dh_generate(ephemeral, method->group, random, server_share) &&
           finish(method, scratch, ephemeral, client_share, secret);
}

static struct bytes private_number(const void *state)
{
    return dh_secret(state);
}

static void clear(void *state)
{
    dh_clear(state);
}

#define GROUP(number, bits, digest, more)                                                          \
    .course = KEX_ONE_SHARE_EACH, .hash = &hash_##digest, .group = &dh_group##number,              \
    .share_is_mpint = true, .client_share_len = (bits) / 8, .server_share_len = (bits) / 8,        \
    .secret_len = (bits) / 8, .state_len = sizeof(struct dh), .scratch_len = sizeof(struct dh),    \
    .tokens = (more), .make_share = make_share, .respond = respond, .finish = finish,              \
    .private_number = private_number, .clear = clear

const struct kex_method kex_group14_sha256 = {GROUP(14, 2048, sha256, 3)};
const struct kex_method kex_group16_sha512 = {GROUP(16, 4096, sha512, 17)};
const struct kex_method kex_group18_sha512 = {GROUP(18, 8192, sha512, 93)};
const struct kex_method kex_group14_sha1 = {GROUP(14, 2048, sha1, 3)};

/* RFC 4419 section 4.2: the group is part of the exchange, so kex_gex.c computes the shares. */
const struct kex_method kex_gex_sha256 = {.course = KEX_GROUP_EXCHANGE, .hash = &hash_sha256};
