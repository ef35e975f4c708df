/* The parts of an idle session in bytes: nacre's structures by their sizes, the keys of one
 * direction by what they allocate, libcrypto's contexts included.
 *
 *   parts
 *       prints one line per part: "NAME BYTES" */
#include "apps/server/peer.h"
#include "auth/parts.h"
#include "connection/parts.h"
#include "transport/kex_state.h"
#include "crypto/random.h"
#include "transport/parts.h"

#include <openssl/crypto.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { LITTLE = 64, MUCH = 32 * 1024 }; /* bytes in a packet: a keystroke, a bulk transfer */

static size_t in_libcrypto; /* bytes in use */

/* Each block is stored after its size */
union header {
    size_t size;
    max_align_t align;
};

static void crypto_release(void *at, const char *file, int line)
{
    union header *h = at;

    (void)file;
    (void)line;
    if (h == NULL)
        return;
    in_libcrypto -= h[-1].size;
    free(h - 1);
}

static void *crypto_allocate(size_t size, const char *file, int line)
{
    union header *h = malloc(sizeof *h + size);

    (void)file;
    (void)line;
    if (h == NULL)
        return NULL;
    h->size = size;
    in_libcrypto += size;
    return h + 1;
}

static void *crypto_change(void *at, size_t size, const char *file, int line)
{
    void *grown = crypto_allocate(size, file, line);

    if (at == NULL || grown == NULL)
        return grown;
    memcpy(grown, at, ((union header *)at)[-1].size < size ? ((union header *)at)[-1].size : size);
    crypto_release(at, file, line);
    return grown;
}

static void seal_one(struct direction *d, size_t len)
{
    static uint8_t packet[MUCH + PACKET_OVERHEAD];

    if (packet_seal(d, &random_system, packet, len) == 0)
        exit(1);
}

/* The state of one direction, libcrypto's included: with small packets only, and after a large one.
 */
static void measure_keys(struct pool *pool, const struct algorithm *a, size_t *little, size_t *much)
{
    static const uint8_t secret[64];
    const struct cipher_keys keys = {secret, secret, secret, &mac_hmac_sha2_256_etm};
    const struct cipher_method *cipher = a->method;
    struct direction d;
    size_t before = in_libcrypto;

    direction_init(&d);
    if (!direction_rekey(&d, pool, cipher, &keys, true))
        exit(1);
    seal_one(&d, LITTLE);
    *little = cipher->state_size + in_libcrypto - before;
    seal_one(&d, MUCH);
    *much = cipher->state_size + in_libcrypto - before;
    direction_clear(&d, pool);
}

int main(void)
{
    const struct {
        const char *name;
        size_t size;
    } structures[] = {
        {"peer (socket, timer, address, ticket)", sizeof(struct nacre_peer)},
        {"transport, without keys", sizeof(struct transport)},
        {"auth", sizeof(struct auth)},
        {"connection", sizeof(struct connection)},
        {"a channel", sizeof(struct nacre_channel)},
        {"during a key exchange, besides its method's", sizeof(struct kex)},
        {"input or output, while something is in it", BLOCK_SMALL},
        {"... or much", BLOCK_LARGE},
    };
    struct pool pool;
    size_t little, much;

    if (CRYPTO_set_mem_functions(crypto_allocate, crypto_change, crypto_release) != 1 ||
        sodium_init() < 0)
        return 1;
    for (size_t i = 0; i < sizeof structures / sizeof structures[0]; i++)
        (void)printf("%s: %zu\n", structures[i].name, structures[i].size);
    pool_init(&pool, NULL);
    for (const struct algorithm *a = algorithms_of(ALGORITHM_CIPHER); a->name != NULL; a++) {
        measure_keys(&pool, a, &little, &much); /* first, so that one-time allocations are done */
        measure_keys(&pool, a, &little, &much);
        (void)printf("keys of a direction, %s: %zu, after a large packet %zu\n", a->name, little,
                     much);
    }
    pool_clear(&pool);
    return 0;
}
