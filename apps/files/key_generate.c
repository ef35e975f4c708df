/* New keys. */
#include "apps/files/key.h"

#include "apps/files/key_object.h"
#include "apps/session/errbuf.h"
#include "crypto/crypto.h"
#include "crypto/random.h"

#include <string.h>

enum { RSA_BITS_DEFAULT = 3072, EC_BITS_DEFAULT = 256 };

static bool make_ed25519(struct nacre_key *key)
{
    uint8_t seed[32];
    bool good;

    random_fill(&random_system, seed, sizeof seed);
    good = private_key_ed25519(key, seed);
    wipe(seed, sizeof seed);
    return good;
}

/* FIPS 186-4 appendix B.4.2: candidates of as many bits as the order, until one is below it. The
 * orders are so near to a power of two that the first one nearly always is. */
static bool make_ecdsa(struct nacre_key *key, unsigned bits)
{
    const struct ec_curve *curve = bits == 256   ? &ec_nistp256
                                   : bits == 384 ? &ec_nistp384
                                                 : &ec_nistp521;
    uint8_t scalar[EC_LEN_MAX];
    bool good = false;

    for (int attempt = 0; !good && attempt < 100; attempt++) {
        random_fill(&random_system, scalar, curve->len);
        scalar[0] &= (uint8_t)(0xff >> (8 * curve->len - curve->order_bits));
        good = private_key_ecdsa(key, curve, (struct bytes){scalar, curve->len},
                                 (struct bytes){NULL, 0});
    }
    wipe(scalar, sizeof scalar);
    return good;
}

/* The numbers go through the same checks as those of a file. */
static bool make_rsa(struct nacre_key *key, unsigned bits)
{
    uint8_t parts[RSA_PARTS][RSA_LEN_MAX] = {{0}};
    struct bytes n[RSA_PARTS] = {{0}};
    struct rsa_key made;
    bool good = rsa_generate(&made, bits);

    for (int i = 0; good && i < RSA_PARTS; i++) {
        n[i] = (struct bytes){parts[i], rsa_part(&made, (enum rsa_part)i, parts[i])};
        good = n[i].len > 0;
    }
    good = good && private_key_rsa(key, &(struct rsa_numbers){.n = n[RSA_N],
                                                              .e = n[RSA_E],
                                                              .d = n[RSA_D],
                                                              .iqmp = n[RSA_IQMP],
                                                              .p = n[RSA_P],
                                                              .q = n[RSA_Q]});
    wipe(parts, sizeof parts);
    rsa_clear(&made);
    return good;
}

/* Is there such a key? */
static bool check(const char *type, unsigned bits, const struct errbuf *p)
{
    if (strcmp(type, "ed25519") == 0)
        return bits == 0 || bits == 256 ||
               errbuf_say(p, "ed25519 keys have 256 bits: leave bits at 0");
    if (strcmp(type, "ecdsa") == 0)
        return bits == 0 || bits == 256 || bits == 384 || bits == 521 ||
               errbuf_say(p, "ecdsa keys have 256, 384 or 521 bits, not %u", bits);
    if (strcmp(type, "rsa") == 0)
        return bits == 0 || (bits >= RSA_KEY_BITS_MIN && bits <= RSA_BITS_MOST && bits % 8 == 0) ||
               errbuf_say(p, "rsa keys have %d to %d bits, in steps of 8, not %u", RSA_KEY_BITS_MIN,
                          RSA_BITS_MOST, bits);
    return errbuf_say(p, "no type of key: use ed25519, ecdsa or rsa");
}

struct nacre_key *nacre_key_generate(const char *type, unsigned bits, char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct nacre_key *key;
    bool good;

    if (!check(type, bits, &p))
        return NULL;
    key = key_new();
    if (!crypto_init() || key == NULL) {
        errbuf_say(&p, "%s", key == NULL ? "out of memory" : "this machine has no randomness");
        nacre_key_free(key);
        return NULL;
    }
    if (strcmp(type, "ed25519") == 0)
        good = make_ed25519(key);
    else if (strcmp(type, "ecdsa") == 0)
        good = make_ecdsa(key, bits != 0 ? bits : EC_BITS_DEFAULT);
    else
        good = make_rsa(key, bits != 0 ? bits : RSA_BITS_DEFAULT);
    if (good)
        return key;
    errbuf_say(&p, "%s key: libcrypto could not make it", type);
    nacre_key_free(key);
    return NULL;
}
