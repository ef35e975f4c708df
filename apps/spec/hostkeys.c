/* draft-ietf-sshm-hostkey-update: the server proves that it has its host keys. */
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

#include <string.h>

enum { KEYS_MAX = 32 };

static const char prove_name[] = "hostkeys-prove-00@openssh.com";

/* Section 2.1: byte SSH_MSG_GLOBAL_REQUEST, string "hostkeys-00@openssh.com", boolean FALSE, then
 * string host key of each. Returns how many. */
static size_t read_keys(struct peer *p, struct bytes keys[KEYS_MAX])
{
    struct reader r;
    size_t n = 0;

    reach(p, AT_LOGIN);
    fence(p); /* it has arrived by then */
    current_part(p)->ending = ENDING_NONE;
    p->observing = false;
    need(p, p->hostkeys.len > 0 || over(p), "no hostkeys-00@openssh.com");
    r = read_from(p->hostkeys);
    (void)read_u8(&r);
    (void)read_string(&r);
    (void)read_bool(&r);
    while (r.at < r.end && n < KEYS_MAX)
        keys[n++] = read_string(&r);
    return n;
}

/* The algorithm that a signature blob names, if the key has that type. */
static const struct signature_algorithm *algorithm_of(struct bytes key, struct bytes signature)
{
    struct reader r = read_from(signature);
    const struct algorithm *a = algorithm_find(ALGORITHM_HOST_KEY, read_string(&r));

    return a != NULL && key_blob_fits(a->method, key) ? a->method : NULL;
}

/* Section 2.2: the signature is over string name of the request, string session identifier, string
 * host key. */
static bool is_proof(struct peer *p, struct bytes key, struct bytes signature)
{
    const struct signature_algorithm *a = algorithm_of(key, signature);

    return a != NULL && key_verify(a, key, signature,
                                   message(p, "tss", prove_name,
                                           (struct bytes){p->session_id, p->session_id_len}, key));
}

/* byte SSH_MSG_GLOBAL_REQUEST, string "hostkeys-prove-00@openssh.com", boolean TRUE, string host
 * key of each */
static void send_prove(struct peer *p, const struct bytes *keys, size_t count)
{
    struct bytes request = message(p, "btb", SSH_MSG_GLOBAL_REQUEST, prove_name, 1);

    for (size_t i = 0; i < count; i++)
        request = message(p, "rs", request, keys[i]);
    send_payload(p, request);
}

/* Of the reply in p->got: byte SSH_MSG_REQUEST_SUCCESS, string signature for each key */
static struct bytes first_signature(const struct peer *p)
{
    struct reader r = read_from(p->got);

    (void)read_u8(&r);
    return read_string(&r);
}

static void prove(struct peer *p)
{
    struct bytes keys[KEYS_MAX];
    size_t count = read_keys(p, keys);
    struct reader r;

    send_prove(p, keys, count);
    if (answer(p) != SSH_MSG_REQUEST_SUCCESS)
        return;
    r = read_from(p->got);
    (void)read_u8(&r);
    for (size_t i = 0; i < count; i++)
        if (!is_proof(p, keys[i], read_string(&r)))
            observe(p, "no proof of key %zu", i);
    if (!read_done(&r))
        observe(p, "more than one signature for each key");
}

static void prove_unknown(struct peer *p)
{
    struct bytes keys[KEYS_MAX];

    (void)read_keys(p, keys);
    keys[0] = private_key_blob(p->setting->profile.stranger);
    send_prove(p, keys, 1);
    (void)answer(p);
}

/* The RSA key of hostkeys-00@openssh.com; without bytes: there is none. */
static struct bytes read_rsa_key(struct peer *p)
{
    struct bytes keys[KEYS_MAX];
    size_t count = read_keys(p, keys);

    for (size_t i = 0; i < count; i++)
        if (bytes_are(key_blob_type(keys[i]), "ssh-rsa"))
            return keys[i];
    need(p, over(p), "no RSA key in hostkeys-00@openssh.com");
    return (struct bytes){NULL, 0};
}

/* Section 2.2.1: with an RSA host key in use, the proof is by the same algorithm. */
static void prove_rsa(struct peer *p)
{
    struct bytes key, signature;

    reach(p, AT_KEXINIT);
    only(p, LIST_HOST_KEY, "rsa-sha2-256");
    key = read_rsa_key(p);
    if (over(p))
        return;
    send_prove(p, &key, 1);
    if (answer(p) != SSH_MSG_REQUEST_SUCCESS)
        return;
    signature = first_signature(p);
    if (algorithm_of(key, signature) != &signature_rsa_sha2_256 || !is_proof(p, key, signature))
        observe(p, "no proof by rsa-sha2-256");
}

/* clang-format off */
const struct spec_case spec_hostkeys[] = {
    {"hkup/2.2/prove", SERVER, MUST, "draft-ietf-sshm-hostkey-update 2.2", "hkup/2.2/1 hkup/2.2/2 hkup/2.2/5",
     "hostkeys-prove-00 returns one signature per key, in order", "request-success",
     .run = prove},
    {"hkup/2.2/prove-unknown", SERVER, MUST, "draft-ietf-sshm-hostkey-update 2.2", "hkup/2.2/1",
     "hostkeys-prove-00 for a key that is not the server's", "request-failure",
     .run = prove_unknown},
    {"hkup/2.2/prove-rsa", SERVER, MUST, "draft-ietf-sshm-hostkey-update 2.2.1", "hkup/2.2.1/1 hkup/2.2.1/2",
     "the proof for an RSA key uses the negotiated hash", "request-success | request-failure",
     .run = prove_rsa},
    {"hkup/2.2.2/vendor-name", SERVER, MUST, "draft-ietf-sshm-hostkey-update 2.2.2", "hkup/2.2.2/1",
     "the proof covers the name used in the request", "request-success",
     .run = prove},
    {0},
};
/* clang-format on */
