/* A case about clients only: PKCS #1 padding that is not read to its end. RFC 8332 section 5.3.
 *
 * If the exponent is 3, the cube root of a block that begins correctly is a signature for whoever
 * looks only at the beginning: no private key is needed (Bleichenbacher, 2006). */
#include "apps/files/key_format.h"
#include "apps/spec/client.h"
#include "apps/spec/client_keys.h"
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

enum {
    MODULUS_LEN = 256,
    ROOT_LEN = 86, /* bytes of the cube root of a number of 255 bytes, and one */
    CUBE_LEN = 3 * ROOT_LEN,
    ONES = 8, /* the least that RFC 8017 section 9.2 allows */
    HASH_LEN = 32,
};

/* ---- cube roots, of numbers with the most significant byte first ---- */

static void multiply(uint8_t *out, struct bytes a, struct bytes b)
{
    memset(out, 0, a.len + b.len);
    for (size_t i = a.len; i-- > 0;) {
        unsigned carry = 0;

        for (size_t j = b.len; j-- > 0;) {
            carry += (unsigned)a.at[i] * b.at[j] + out[i + j + 1];
            out[i + j + 1] = (uint8_t)carry;
            carry >>= 8;
        }
        out[i] = (uint8_t)carry;
    }
}

static void cube(uint8_t out[CUBE_LEN], const uint8_t root[ROOT_LEN])
{
    const struct bytes number = {root, ROOT_LEN};
    uint8_t square[2 * ROOT_LEN];

    multiply(square, number, number);
    multiply(out, (struct bytes){square, sizeof square}, number);
}

/* The largest number whose cube is not more than the block. */
static void cube_root(uint8_t root[ROOT_LEN], const uint8_t block[MODULUS_LEN])
{
    uint8_t limit[CUBE_LEN] = {0}, found[CUBE_LEN];

    memcpy(limit + CUBE_LEN - MODULUS_LEN, block, MODULUS_LEN);
    memset(root, 0, ROOT_LEN);
    for (size_t i = 0; i < 8 * ROOT_LEN; i++) {
        uint8_t bit = (uint8_t)(0x80 >> i % 8);

        root[i / 8] |= bit;
        cube(found, root);
        if (memcmp(found, limit, CUBE_LEN) > 0)
            root[i / 8] ^= bit;
    }
}

/* ---- the forged signature ---- */

/* RFC 8017 section 9.2: 00, 01, PS, 00, DigestInfo of SHA-256; then nothing may follow. PS is too
 * short by what follows here. Returns the length up to the end of the digest. */
static size_t write_block(uint8_t block[MODULUS_LEN], struct bytes signed_bytes)
{
    static const uint8_t info[] = {0x00, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
                                   0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    size_t at = 2 + ONES;

    memset(block, 0xff, MODULUS_LEN);
    block[0] = 0;
    block[1] = 1;
    memcpy(block + at, info, sizeof info);
    at += sizeof info;
    (void)hash_of(&hash_sha256, signed_bytes, block + at);
    return at + HASH_LEN;
}

/* False: the cube does not begin as the block does. */
static bool forge(uint8_t signature[MODULUS_LEN], struct bytes signed_bytes)
{
    uint8_t block[MODULUS_LEN], found[CUBE_LEN];
    size_t len = write_block(block, signed_bytes);

    memset(signature, 0, MODULUS_LEN);
    cube_root(signature + MODULUS_LEN - ROOT_LEN, block);
    cube(found, signature + MODULUS_LEN - ROOT_LEN);
    return memcmp(found + CUBE_LEN - MODULUS_LEN, block, len) == 0;
}

/* ---- the case ---- */

static bool reach_reply(struct peer *p)
{
    peer_connect(p);
    reach(p, AT_KEXINIT);
    only(p, LIST_HOST_KEY, "rsa-sha2-256");
    reach(p, AT_REPLY);
    return !over(p);
}

/* Without a fault it accepts the key. */
static void need_exponent_3(struct peer *p, const struct nacre_key *key)
{
    if (reach_reply(p))
        send_reply_of(p, &(struct reply){.host_key = p->known_key, .key = key});
    go_on(p);
    need(p, current_part(p)->ending == ENDING_GO_ON, "it accepts no key with the exponent 3");
    current_part(p)->ending = ENDING_NONE;
    current_part(p)->count = 0;
}

/* The key, which the client knows. */
static bool use_exponent_3(struct peer *p, struct nacre_key *key)
{
    char why[256];
    const struct errbuf error = errbuf_in(why, sizeof why);

    if (key_parse(key, bytes_of(client_key_rsa3), NULL, "host key", &error) != KEY_GOOD) {
        problem(p, "%s", why);
        return false;
    }
    p->known_key = peer_copy(p, private_key_blob(key));
    p->known_type = "ssh-rsa";
    return true;
}

static void send_forged(struct peer *p, const struct nacre_key *key)
{
    const struct reply correct = {.host_key = p->known_key, .key = key};
    uint8_t forged[MODULUS_LEN];
    struct bytes signature;

    (void)reply_payload(p, &correct); /* computes H */
    if (!forge(forged, (struct bytes){p->x.hash, p->x.hash_len}))
        problem(p, "no number has such a cube");
    signature = message(p, "ts", "rsa-sha2-256", (struct bytes){forged, MODULUS_LEN});
    send_reply_of(p, &(struct reply){.host_key = p->known_key, .signature = signature});
}

static void rsa_padding(struct peer *p)
{
    struct nacre_key key;

    if (!use_exponent_3(p, &key))
        return;
    need_exponent_3(p, &key);
    if (reach_reply(p)) {
        send_forged(p, &key);
        go_on(p);
    }
    private_key_clear(&key);
}

/* clang-format off */
const struct spec_case spec_client_padding[] = {
    {"8332/5.3/rsa-padding", CLIENT, MUST, "RFC 8332 5.3", "8332/5.3/1",
     "a PKCS #1 block with garbage after the digest (exponent 3)", "close",
     .run = rsa_padding},
    {0},
};
/* clang-format on */
