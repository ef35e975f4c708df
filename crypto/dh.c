#include "crypto/dh.h"

#include "crypto/number.h"

/* Is 1 < number < p - 1? RFC 8268 section 4: any other number would reveal the secret. The numbers
 * compared here are public. */
static bool in_range(const BIGNUM *number, const BIGNUM *p)
{
    BIGNUM *top = BN_dup(p);
    bool inside = top != NULL && BN_sub_word(top, 1) == 1 && !BN_is_zero(number) &&
                  !BN_is_one(number) && BN_cmp(number, top) < 0;

    BN_free(top);
    return inside;
}

/* The second estimate of the table in RFC 3526 section 8: the exponent has twice as many bits as
 * the group has strength. */
static unsigned secret_bits(size_t p_len)
{
    static const struct {
        size_t p_len; /* up to this many bytes */
        unsigned bits;
    } table[] = {{256, 320}, {384, 420}, {512, 480}, {768, 540}};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (p_len <= table[i].p_len)
            return table[i].bits;
    return 620;
}

bool dh_group_init(struct dh_group *group, struct bytes p, struct bytes g, unsigned bits_min,
                   unsigned bits_max)
{
    BIGNUM *p_number = NULL, *g_number = NULL;
    bool sound = false;

    p = bytes_without_zeros(p);
    g = bytes_without_zeros(g);
    if (p.len > 0 && p.len <= DH_LEN_MAX && g.len <= p.len) {
        p_number = number_read(p);
        g_number = number_read(g);
    }
    if (p_number != NULL && g_number != NULL) {
        unsigned bits = (unsigned)BN_num_bits(p_number);

        sound = bits >= DH_BITS_LEAST && bits >= bits_min && bits <= bits_max &&
                BN_is_odd(p_number) && in_range(g_number, p_number);
    }
    BN_free(p_number);
    BN_free(g_number);
    *group = (struct dh_group){.p = p, .g = g, .secret_bits = secret_bits(p.len)};
    return sound;
}

/* out = base^secret mod p, padded to the length of p. The base is public; the time does not depend
 * on the secret. */
static bool power(const struct dh *d, const BIGNUM *base, const BIGNUM *p, uint8_t *out)
{
    BIGNUM *exponent = number_read((struct bytes){d->secret, d->secret_len});
    BIGNUM *result = BN_new();
    BN_CTX *scratch = BN_CTX_new();
    bool done = exponent != NULL && result != NULL && scratch != NULL &&
                BN_mod_exp_mont_consttime(result, base, exponent, p, scratch, NULL) == 1 &&
                in_range(result, p) && number_write(result, out, d->group->p.len);

    BN_CTX_free(scratch);
    BN_clear_free(result);
    BN_clear_free(exponent);
    return done;
}

/* An exponent of exactly secret_bits bits, so that its length reveals nothing. */
static void generate_secret(struct dh *d, const struct random_source *random)
{
    unsigned bits = d->group->secret_bits, unused;

    d->secret_len = (bits + 7) / 8;
    unused = (unsigned)(8 * d->secret_len) - bits;
    random_fill(random, d->secret, d->secret_len);
    d->secret[0] = (uint8_t)((d->secret[0] & 0xff >> unused) | 0x80 >> unused);
}

bool dh_generate(struct dh *d, const struct dh_group *group, const struct random_source *random,
                 uint8_t *pub)
{
    BIGNUM *p = number_read(group->p), *g = number_read(group->g);
    bool done;

    d->group = group;
    generate_secret(d, random);
    done = p != NULL && g != NULL && power(d, g, p, pub);
    BN_free(p);
    BN_free(g);
    if (!done)
        dh_clear(d);
    return done;
}

bool dh_shared(const struct dh *d, struct bytes peer, uint8_t *out)
{
    BIGNUM *p = number_read(d->group->p), *y = NULL;
    bool done;

    peer = bytes_without_zeros(peer);
    if (peer.len <= d->group->p.len)
        y = number_read(peer);
    done = d->secret_len > 0 && p != NULL && y != NULL && in_range(y, p) && power(d, y, p, out);
    BN_free(p);
    BN_free(y);
    if (!done)
        memset(out, 0, d->group->p.len);
    return done;
}

struct bytes dh_secret(const struct dh *d)
{
    return (struct bytes){d->secret, d->secret_len};
}

void dh_clear(struct dh *d)
{
    wipe(d->secret, sizeof d->secret);
    d->secret_len = 0;
}
