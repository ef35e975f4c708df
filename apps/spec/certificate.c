#include "apps/spec/certificate.h"

#include "apps/spec/auth.h"

enum { NONCE_LEN = 32, SERIAL = 13 };

const char *certificate_type(struct peer *p, const struct nacre_key *key)
{
    const char *plain =
        (const char *)message(p, "rrb", bytes_of(key->type), bytes_of("-cert"), 0).at;
    const char *known = p->sig_algs[0] != 0 ? p->sig_algs : p->setting->facts.sig_algs;

    if (list_contains(known, plain))
        return plain;
    return (const char *)message(p, "rrb", bytes_of(plain), bytes_of("-v01@openssh.com"), 0).at;
}

/* The fields of a public key blob after its type: section 2.1's "public key fields". */
static struct bytes key_fields(const struct nacre_key *key)
{
    struct reader r = read_from(private_key_blob(key));

    (void)read_string(&r);
    return read_bytes(&r, (size_t)(r.end - r.at));
}

static struct bytes sign(struct peer *p, const struct nacre_key *ca, struct bytes text)
{
    const char *name = strcmp(ca->type, "ssh-rsa") == 0 ? "rsa-sha2-512" : ca->type;
    const struct algorithm *a = algorithm_find(ALGORITHM_PUBLIC_KEY, bytes_of(name));
    struct writer w = write_to(peer_memory(p, SIGNATURE_BLOB_MAX), SIGNATURE_BLOB_MAX);

    if (a == NULL || !key_can_sign(ca, a->method) || !key_sign(ca, a->method, text, &w))
        problem(p, "the CA's key cannot sign with %s", name);
    return written_bytes(&w);
}

/* Section 2.1.1:
 *     string              key type
 *     string              nonce
 *     byte[]              public key fields
 *     uint64              serial number
 *     uint32              certificate role
 *     string              identifier
 *     string              principals
 *     uint64              valid after
 *     uint64              valid before
 *     string              critical options
 *     string              extensions
 *     string              reserved
 *     string              signature key
 *     string              signature                                            */
struct bytes certificate_make(struct peer *p, const struct certificate *c)
{
    const struct profile *profile = &p->setting->profile;
    const struct nacre_key *key = c->key != NULL ? c->key : profile->stranger;
    const struct nacre_key *ca = profile->user_ca;
    const char *principal = c->principal != NULL ? c->principal : profile->user;
    struct bytes text, signature;

    if (ca == NULL)
        return (struct bytes){NULL, 0};
    text = message(p, "tsrqutsqqssss", certificate_type(p, key), sample(p, NONCE_LEN),
                   key_fields(key), (uint64_t)SERIAL, c->role != 0 ? c->role : ROLE_USER,
                   "a certificate of nacre-spec", message(p, "t", principal), c->valid_after,
                   c->valid_before != 0 ? c->valid_before : UINT64_MAX, c->options, c->extensions,
                   c->reserved, c->signature_key.len > 0 ? c->signature_key : private_key_blob(ca));
    signature = sign(p, ca, text);
    return message(p, "rs", text, c->flip ? flipped(p, signature, -1) : signature);
}

void send_certificate(struct peer *p, struct bytes blob)
{
    const struct nacre_key *key = p->setting->profile.stranger;

    send_proof(p, &(struct proof){.key = key, .algorithm = certificate_type(p, key), .blob = blob});
}

void need_user_ca(struct peer *p)
{
    need(p, p->setting->profile.user_ca != NULL, "no certificates (user-ca in --profile)");
    need_method(p, "publickey");
}
