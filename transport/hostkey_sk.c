/* Security keys, verified only: sk-ssh-ed25519@openssh.com, sk-ecdsa-sha2-nistp256@openssh.com.
 * PROTOCOL.u2f. */
#include "transport/key_pair.h"

#include "crypto/hash.h"

enum {
    DIGEST = 32,
    SIGNED = DIGEST + 1 + 4 + DIGEST,
    USER_PRESENT = 0x01, /* flag: a person touched the security key; required */
};

/* The signature is over: byte[32] SHA256(application), byte flags, uint32 counter, byte[32]
 * SHA256(message) */
static bool write_signed(uint8_t out[SIGNED], struct bytes application, uint8_t flags,
                         uint32_t counter, struct bytes message)
{
    out[DIGEST] = flags;
    store_u32(out + DIGEST + 1, counter);
    return hash_of(&hash_sha256, application, out) &&
           hash_of(&hash_sha256, message, out + DIGEST + 1 + 4);
}

/* The application is the last field of the key's blob. */
static struct bytes application_of(struct bytes key_blob, int fields_before)
{
    struct reader r = read_from(key_blob);
    struct bytes application;

    for (int i = 0; i < fields_before; i++)
        (void)read_string(&r);
    application = read_string(&r);
    return read_done(&r) ? application : (struct bytes){NULL, 0};
}

/* string signature, byte flags, uint32 counter */
static bool verify(struct bytes key_blob, int fields_before, struct reader *r,
                   const struct ec_curve *curve, struct bytes data)
{
    struct bytes signature = read_string(r);
    uint8_t flags = read_u8(r);
    uint32_t counter = read_u32(r);
    struct bytes application = application_of(key_blob, fields_before);
    struct reader blob = read_from(key_blob);
    uint8_t message[SIGNED];

    (void)read_string(&blob); /* its type */
    if (!read_done(r) || application.at == NULL || !(flags & USER_PRESENT) ||
        !write_signed(message, application, flags, counter, data))
        return false;
    return curve == NULL
               ? ed25519_blob_verify(&blob, signature, (struct bytes){message, SIGNED})
               : ecdsa_blob_verify(curve, &blob, signature, (struct bytes){message, SIGNED});
}

/* Key: string type, string public key, string application */
static bool verify_ed25519(const struct signature_algorithm *algorithm, struct bytes key_blob,
                           struct reader *r, struct bytes data)
{
    (void)algorithm;
    return verify(key_blob, 2, r, NULL, data);
}

/* Key: string type, string curve name, string Q, string application */
static bool verify_nistp256(const struct signature_algorithm *algorithm, struct bytes key_blob,
                            struct reader *r, struct bytes data)
{
    (void)algorithm;
    return verify(key_blob, 3, r, &ec_nistp256, data);
}

const struct signature_algorithm signature_sk_ed25519 = {
    .name = "sk-ssh-ed25519@openssh.com",
    .key_type = "sk-ssh-ed25519@openssh.com",
    .verify = verify_ed25519,
};

const struct signature_algorithm signature_sk_nistp256 = {
    .name = "sk-ecdsa-sha2-nistp256@openssh.com",
    .key_type = "sk-ecdsa-sha2-nistp256@openssh.com",
    .verify = verify_nistp256,
};
