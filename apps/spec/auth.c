#include "apps/spec/auth.h"

#include <stdio.h>
#include <string.h>

static const char connection_service[] = "ssh-connection";

/* RFC 4253 section 10: byte SSH_MSG_SERVICE_REQUEST, string service name */
void send_service_request(struct peer *p, const char *service)
{
    transmit(p, "bt", SSH_MSG_SERVICE_REQUEST, service);
}

/* RFC 8332 section 3.3: for RSA, the better of those that the server names. */
const char *key_algorithm(const struct peer *p, const struct nacre_key *key)
{
    const char *known = p->sig_algs[0] != 0 ? p->sig_algs : p->setting->facts.sig_algs;

    if (strcmp(key->type, "ssh-rsa") != 0)
        return key->type;
    if (list_contains(known, "rsa-sha2-512"))
        return "rsa-sha2-512";
    return known[0] == 0 || list_contains(known, "rsa-sha2-256") ? "rsa-sha2-256" : "ssh-rsa";
}

static const char *either(const char *given, const char *usual)
{
    return given != NULL ? given : usual;
}

/* RFC 4252 section 7: the signature is over
 *     string    session identifier
 *     byte      SSH_MSG_USERAUTH_REQUEST
 *     string    user name
 *     string    service name
 *     string    "publickey"
 *     boolean   TRUE
 *     string    public key algorithm name
 *     string    public key                                                     */
static struct bytes signed_text(struct peer *p, const struct proof *f, const char *algorithm,
                                struct bytes blob)
{
    const char *user = either(f->user, p->setting->profile.user);
    const char *service = either(f->service, connection_service);
    struct bytes session =
        f->session_id.len > 0 ? f->session_id : (struct bytes){p->session_id, p->session_id_len};

    return message(p, "sbtttbts", session, SSH_MSG_USERAUTH_REQUEST, either(f->signed_user, user),
                   either(f->signed_service, service), "publickey", 1, algorithm, blob);
}

/* A signature blob: string algorithm name, string signature. */
static struct bytes sign(struct peer *p, const struct proof *f, const char *algorithm,
                         struct bytes text)
{
    const struct algorithm *a = algorithm_find(ALGORITHM_PUBLIC_KEY, bytes_of(algorithm));
    uint8_t *room = peer_memory(p, SIGNATURE_BLOB_MAX);
    struct writer w = write_to(room, SIGNATURE_BLOB_MAX);
    struct reader r;

    if (a == NULL || !key_can_sign(f->key, a->method) || !key_sign(f->key, a->method, text, &w)) {
        problem(p, "the key cannot sign with %s", algorithm);
        return (struct bytes){NULL, 0};
    }
    if (f->flip)
        room[written(&w) - 1] ^= 1;
    if (f->signature_algorithm == NULL)
        return written_bytes(&w);
    r = read_from(written_bytes(&w));
    (void)read_string(&r);
    return message(p, "ts", f->signature_algorithm, read_string(&r));
}

/* RFC 4252 section 7:
 *     byte      SSH_MSG_USERAUTH_REQUEST
 *     string    user name
 *     string    service name
 *     string    "publickey"
 *     boolean   TRUE
 *     string    public key algorithm name
 *     string    public key to be used for authentication
 *     string    signature                                                     */
struct bytes proof_payload(struct peer *p, const struct proof *f)
{
    const char *own = key_algorithm(p, f->key), *algorithm = either(f->algorithm, own);
    struct bytes blob = f->blob.at != NULL ? f->blob : private_key_blob(f->key);

    return message(p, "btttbtss", SSH_MSG_USERAUTH_REQUEST,
                   either(f->user, p->setting->profile.user),
                   either(f->service, connection_service), "publickey", f->flag == 0 ? 1 : f->flag,
                   algorithm, blob, sign(p, f, own, signed_text(p, f, algorithm, blob)));
}

void send_proof(struct peer *p, const struct proof *f)
{
    if (!over(p))
        send_payload(p, proof_payload(p, f));
}

/* RFC 4252 section 7: the same with FALSE and without a signature */
void send_query(struct peer *p, const struct nacre_key *key)
{
    if (!over(p))
        transmit(p, "btttbts", SSH_MSG_USERAUTH_REQUEST, p->setting->profile.user,
                 connection_service, "publickey", 0, key_algorithm(p, key), private_key_blob(key));
}

/* RFC 4252 section 8: ..., string "password", boolean FALSE, string plaintext password */
void send_password(struct peer *p, const char *user, struct bytes password)
{
    transmit(p, "btttbs", SSH_MSG_USERAUTH_REQUEST, user, connection_service, "password", 0,
             password);
}

/* RFC 4252 section 5: byte SSH_MSG_USERAUTH_REQUEST, string user name, string service name, string
 * method name */
void send_method(struct peer *p, const char *user, const char *service, const char *method)
{
    transmit(p, "bttt", SSH_MSG_USERAUTH_REQUEST, user, service, method);
}

void send_login(struct peer *p)
{
    const struct profile *profile = &p->setting->profile;

    if (profile->key != NULL)
        send_proof(p, &(struct proof){.key = profile->key});
    else if (profile->password != NULL)
        send_password(p, profile->user, bytes_of(profile->password));
    else
        send_method(p, profile->user, connection_service, "none");
}

/* RFC 4252 section 5.1: byte SSH_MSG_USERAUTH_FAILURE, name-list, boolean partial success */
void note_failure(struct peer *p)
{
    struct reader r = read_from(p->got);

    (void)read_u8(&r);
    (void)read_text(&r, p->methods, sizeof p->methods);
    p->partial = read_bool(&r);
}

/* A server that needs both: the key was a part, and the password is the rest. */
static uint8_t log_in_further(struct peer *p)
{
    const struct profile *profile = &p->setting->profile;

    note_failure(p);
    if (!p->partial || profile->password == NULL)
        return SSH_MSG_USERAUTH_FAILURE;
    send_password(p, profile->user, bytes_of(profile->password));
    return next(p);
}

bool log_in(struct peer *p)
{
    uint8_t number;

    send_login(p);
    number = next(p);
    if (number == SSH_MSG_USERAUTH_FAILURE)
        number = log_in_further(p);
    if (number == SSH_MSG_USERAUTH_SUCCESS) {
        p->logged_in = true;
        p->reached = AT_LOGIN;
        return true;
    }
    if (number == SSH_MSG_USERAUTH_FAILURE)
        return falter(p, "the correct login was refused");
    return number != 0 && falter(p, "the login was answered by another message");
}

void need_key(struct peer *p)
{
    need(p, p->setting->profile.key != NULL, "no key (--key)");
}

void need_password(struct peer *p)
{
    need(p, p->setting->profile.password != NULL, "no password (--password)");
    need_method(p, "password");
}

void need_method(struct peer *p, const char *method)
{
    const struct facts *facts = &p->setting->facts;

    need(p, !facts->known || list_contains(facts->methods, method), "no method %s", method);
}
