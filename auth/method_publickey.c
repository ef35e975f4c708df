/* publickey. RFC 4252 section 7. A query asks whether a key would be accepted and never logs in; a
 * proof carries a signature. publickey-hostbound-v00@openssh.com (OpenSSH's PROTOCOL, section 3.1)
 * adds the server's host key to the request and so to what is signed. */
#include "auth/decision.h"
#include "auth/parts.h"
#include "auth/request.h"
#include "transport/algorithms.h"
#include "transport/hostkey.h"
#include "transport/text.h"

#include <string.h>

enum {
    ALGORITHM_NAME_MAX = 64,
    NAMES_MAX = 1024, /* bytes of our name-list */
    SIGNED_MAX =
        SESSION_ID_MAX + NACRE_USER_MAX + 2 * KEY_BLOB_MAX + 256, /* bytes that are signed */
};

static bool offered(const struct nacre_auth_policy *policy)
{
    return policy->publickey != NULL;
}

static const char *name_of(bool host_bound)
{
    return host_bound ? auth_hostbound.name : auth_publickey.name;
}

/* RFC 4252 section 7, the data that is signed
 *     string    session identifier
 *     byte      SSH_MSG_USERAUTH_REQUEST
 *     string    user name
 *     string    service name
 *     string    "publickey"
 *     boolean   TRUE
 *     string    public key algorithm name
 *     string    public key to be used for authentication
 *     string    server host key                         host-bound only      */
static void write_signed(const struct auth *a, struct writer *w, bool host_bound,
                         const char *algorithm, struct bytes blob)
{
    write_string(w, transport_session_id(a->transport));
    write_u8(w, SSH_MSG_USERAUTH_REQUEST);
    write_text(w, auth_user(a));
    write_text(w, transport_service_name(a->transport, SERVICE_CONNECTION));
    write_text(w, name_of(host_bound));
    write_bool(w, true);
    write_text(w, algorithm);
    write_string(w, blob);
    if (host_bound)
        write_string(w, transport_host_key(a->transport));
}

/* ---- server ---- */

/* The fields of a request, as on_publickey reads them. */
struct key_request {
    bool proof, host_bound;
    struct bytes name, blob, host_key, signature;
    struct bytes echo; /* the fields that the answer needs, as they came: of a query algorithm name
                          and blob, of a proof everything from there on */
};

/* What follows the boolean. */
static void read_key_request(struct auth *a, struct reader *r, struct key_request *q)
{
    const uint8_t *fields;

    fields = r->at;
    q->name = read_string(r);
    q->blob = read_string(r);
    q->echo = (struct bytes){fields, (size_t)(r->at - fields)};
    q->host_key = q->host_bound ? read_string(r) : transport_host_key(a->transport);
    q->signature = q->proof ? read_string(r) : (struct bytes){NULL, 0};
    if (q->proof)
        q->echo.len = (size_t)(r->at - fields);
}

static bool is_accepted(const struct transport *t, struct bytes algorithm)
{
    uint8_t scratch[NAMES_MAX];
    struct writer names = write_to(scratch, sizeof scratch);
    char name[ALGORITHM_NAME_MAX];

    transport_write_public_key_names(t, &names);
    return !names.bad && text_from_wire(name, sizeof name, algorithm) &&
           name_list_has(written_bytes(&names), name);
}

static bool is_signed(const struct auth *a, const struct key_request *q,
                      const struct signature_algorithm *algorithm)
{
    uint8_t scratch[SIGNED_MAX];
    struct writer w = write_to(scratch, sizeof scratch);

    transport_end_turn(a->transport);
    write_signed(a, &w, q->host_bound, algorithm->name, q->blob);
    return !w.bad && key_verify(algorithm, q->blob, q->signature, written_bytes(&w));
}

/* RFC 4252 section 7
 *     byte      SSH_MSG_USERAUTH_PK_OK
 *     string    public key algorithm name from the request
 *     string    public key blob from the request
 * echo is both strings. A granted query counts too. */
static int send_pk_ok(struct auth *a, struct bytes echo)
{
    struct writer w;

    if (++a->queries >= AUTH_QUERIES_MAX)
        return auth_refuse(a, AUTH_COUNT_QUERY);
    w = transport_begin(a->transport, SSH_MSG_USERAUTH_PK_OK, 1 + echo.len);
    write_bytes(&w, echo);
    transport_send(a->transport, &w);
    return 0;
}

static int refuse_key(struct auth *a, const struct key_request *q, const char *reason)
{
    const struct nacre_auth_policy *policy = a->config->policy;
    char name[ALGORITHM_NAME_MAX];

    if (policy->key_refused != NULL) {
        bool is_text = is_name(q->name) && text_from_wire(name, sizeof name, q->name);

        policy->key_refused(a->context, auth_user(a), is_text ? name : "?", reason);
        if (transport_ended(a->transport)) /* the policy ended it */
            return 0;
    }
    return auth_refuse(a, q->proof ? AUTH_COUNT_PROOF : AUTH_COUNT_QUERY);
}

/* The policy accepts the key: is the signature right? Not verified earlier, because that is the
 * expensive part, and a stranger may send any key. */
static int check_proof(struct auth *a, struct bytes echo)
{
    struct key_request q = {.proof = true, .host_bound = a->method == &auth_hostbound};
    struct reader r = read_from(echo);

    read_key_request(a, &r, &q);
    if (!is_signed(a, &q, algorithm_find(ALGORITHM_PUBLIC_KEY, q.name)->method))
        return refuse_key(a, &q, "wrong signature");
    return auth_succeed(a);
}

static void ask_policy(struct auth *a, const struct key_request *q, const char *algorithm)
{
    struct nacre_decision *d = q->proof ? auth_ask(a, AUTH_COUNT_PROOF, q->echo, check_proof)
                                        : auth_ask(a, AUTH_COUNT_QUERY, q->echo, send_pk_ok);

    if (d == NULL)
        return;
    a->config->policy->publickey(
        a->context, d, a->user,
        &(struct nacre_key_offer){algorithm, q->blob.at, q->blob.len, q->proof});
    auth_asked(d);
}

/* OpenSSH's PROTOCOL.certkeys: ssh-ed25519-cert-v01@openssh.com and others. */
static bool is_certificate(struct bytes name)
{
    static const char suffix[] = "-cert-v01@openssh.com";
    size_t len = sizeof suffix - 1;

    return name.len > len && bytes_are(bytes_from(name, name.len - len), suffix);
}

/* Why the policy is not asked about the key; NULL: it is. */
static const char *why_unusable(const struct auth *a, const struct key_request *q,
                                const struct algorithm *known)
{
    if (is_certificate(q->name) || is_certificate(key_blob_type(q->blob)))
        return "certificates are not supported; the client must offer the key itself";
    if (known == NULL)
        return "unknown signature algorithm";
    if (!is_accepted(a->transport, q->name))
        return "signature algorithm is off";
    if (!key_blob_fits(known->method, q->blob))
        return "key too long or of another type than its algorithm";
    if (!bytes_equal(q->host_key, transport_host_key(a->transport)))
        return "request is bound to another server's host key";
    if (q->signature.len > SIGNATURE_BLOB_MAX)
        return "signature too long";
    return NULL;
}

static int take_key_request(struct auth *a, struct reader *r, bool host_bound)
{
    struct key_request q = {.host_bound = host_bound};
    const struct algorithm *known;
    const char *reason;

    q.proof = read_bool(r);
    read_key_request(a, r, &q);
    if (!read_done(r))
        return transport_malformed(a->transport, "USERAUTH_REQUEST for publickey is malformed");
    known = algorithm_find(ALGORITHM_PUBLIC_KEY, q.name);
    reason = why_unusable(a, &q, known);
    if (reason != NULL)
        return refuse_key(a, &q, reason);
    ask_policy(a, &q, known->name);
    return 0;
}

/* RFC 4252 section 7
 *     boolean   FALSE for a query, TRUE for a proof
 *     string    public key algorithm name
 *     string    public key blob
 *     string    signature                       only in a proof               */
static int on_publickey(struct auth *a, struct reader *r)
{
    return take_key_request(a, r, false);
}

/* OpenSSH's PROTOCOL, section 3.1
 *     boolean   FALSE for a query, TRUE for a proof
 *     string    public key algorithm name
 *     string    public key blob
 *     string    server host key
 *     string    signature                       only in a proof               */
static int on_hostbound(struct auth *a, struct reader *r)
{
    return take_key_request(a, r, true);
}

/* ---- client ---- */

/* The first algorithm on our list that suits this key and that the server accepts. */
static const struct signature_algorithm *algorithm_for(const struct auth *a,
                                                       const struct nacre_key *key)
{
    uint8_t scratch[NAMES_MAX];
    struct writer w = write_to(scratch, sizeof scratch);
    struct bytes names, name;

    transport_write_public_key_names(a->transport, &w);
    names = w.bad ? (struct bytes){NULL, 0} : written_bytes(&w);
    while (next_name(&names, &name)) {
        const struct algorithm *row = algorithm_find(ALGORITHM_PUBLIC_KEY, name);

        if (row != NULL && key_can_sign(key, row->method) &&
            transport_peer_takes(a->transport, row))
            return row->method;
    }
    return NULL;
}

/* RFC 4252 section 7: a request of on_publickey or on_hostbound, up to the signature */
static struct writer begin_key_request(struct auth *a, bool proof, const struct nacre_key *key,
                                       size_t signature_room)
{
    struct bytes blob = private_key_blob(key), host_key = transport_host_key(a->transport);
    size_t room = 1 + 4 + strlen(a->queried->name) + 4 + blob.len + signature_room;
    struct writer w;

    if (a->host_bound)
        room += 4 + host_key.len;
    w = auth_begin_request(a, name_of(a->host_bound), room);
    write_bool(&w, proof);
    write_text(&w, a->queried->name);
    write_string(&w, blob);
    if (a->host_bound)
        write_string(&w, host_key);
    return w;
}

static bool attempt(struct auth *a)
{
    const struct nacre_key *key = NULL;
    struct writer w;

    a->queried = NULL;
    while (a->queried == NULL && a->next_key < a->config->key_count) {
        key = a->config->keys[a->next_key++];
        if (key_blob_length(private_key_blob(key)) == KEY_LENGTH_GOOD)
            a->queried = algorithm_for(a, key);
        else
            a->gave_up = "a key is too short or too long: RSA needs 2048 to 16384 bits";
    }
    if (a->queried == NULL) {
        if (key != NULL && a->gave_up == NULL)
            a->gave_up = "the server accepts no signature algorithm of the last key";
        return false;
    }
    a->host_bound = transport_peer_is_hostbound(a->transport);
    a->step = AUTH_SENT_QUERY;
    w = begin_key_request(a, false, key, 0);
    transport_send(a->transport, &w);
    return true;
}

static const struct nacre_key *queried_key(const struct auth *a)
{
    return a->config->keys[a->next_key - 1];
}

/* An empty signature: an agent's user may have refused. Then the next key. */
static int send_proof(struct auth *a, struct bytes signature)
{
    struct writer w;

    if (signature.len == 0)
        return auth_give_up(a, "a key did not sign, and no other authentication method is left");
    a->step = AUTH_SENT_PROOF;
    w = begin_key_request(a, true, queried_key(a), 4 + signature.len);
    write_string(&w, signature);
    transport_send(a->transport, &w);
    return 0;
}

/* Sign before the message is begun: a key's sign function, an agent's, is not ours. */
static int sign_proof(struct auth *a)
{
    const struct nacre_key *key = queried_key(a);
    uint8_t scratch[SIGNED_MAX], signature[SIGNATURE_BLOB_MAX];
    struct writer to_sign = write_to(scratch, sizeof scratch);
    struct writer blob = write_to(signature, sizeof signature);
    bool good;

    transport_end_turn(a->transport);
    write_signed(a, &to_sign, a->host_bound, a->queried->name, private_key_blob(key));
    if (!to_sign.bad && a->config->sign != NULL && key_is_elsewhere(key)) {
        a->step = AUTH_SIGNING;
        if (a->config->sign(a->context, key, a->queried, written_bytes(&to_sign)))
            return 0;
        a->step = AUTH_SENT_NONE;
        return send_proof(a, (struct bytes){NULL, 0});
    }
    good = !to_sign.bad && key_sign(key, a->queried, written_bytes(&to_sign), &blob) && !blob.bad;
    return send_proof(a, good ? written_bytes(&blob) : (struct bytes){NULL, 0});
}

/* A signature that was made elsewhere, of what sign_proof asked for. */
static bool is_right(const struct auth *a, struct bytes signature)
{
    const struct nacre_key *key = queried_key(a);
    uint8_t scratch[SIGNED_MAX];
    struct writer w = write_to(scratch, sizeof scratch);

    write_signed(a, &w, a->host_bound, a->queried->name, private_key_blob(key));
    return !w.bad && key_signed_elsewhere(key, a->queried, written_bytes(&w), signature);
}

void auth_signed(struct auth *a, struct bytes signature)
{
    if (a->step != AUTH_SIGNING || transport_ended(a->transport))
        return;
    a->step = AUTH_SENT_NONE;
    if (signature.len > 0 && !is_right(a, signature))
        signature.len = 0;
    transport_enter(a->transport);
    (void)send_proof(a, signature);
    transport_leave(a->transport);
}

/* Is this a signature algorithm for keys of that type? */
static bool is_of_type(struct bytes name, const char *key_type)
{
    const struct algorithm *row = algorithm_find(ALGORITHM_PUBLIC_KEY, name);
    const struct signature_algorithm *algorithm = row != NULL ? row->method : NULL;

    return algorithm != NULL && strcmp(algorithm->key_type, key_type) == 0;
}

/* RFC 4252 section 7
 *     byte      SSH_MSG_USERAUTH_PK_OK
 *     string    public key algorithm name from the request
 *     string    public key blob from the request
 * The blob must be the one in our query. The name may be another algorithm of that type of key:
 * node's ssh2 answers ssh-rsa to rsa-sha2-512. We sign as in the query. */
static int on_pk_ok(struct auth *a, struct reader *r)
{
    struct bytes name = read_string(r);
    struct bytes blob = read_string(r);
    const struct nacre_key *key;

    if (!read_done(r))
        return transport_malformed(a->transport, "USERAUTH_PK_OK is malformed");
    if (a->step != AUTH_SENT_QUERY)
        return transport_fail(a->transport, SSH_DISCONNECT_PROTOCOL_ERROR,
                              "USERAUTH_PK_OK does not answer the last request");
    key = queried_key(a);
    if (!is_of_type(name, a->queried->key_type) || !bytes_equal(blob, private_key_blob(key)))
        return transport_fail(a->transport, SSH_DISCONNECT_PROTOCOL_ERROR,
                              "USERAUTH_PK_OK for a key that was not queried");
    return sign_proof(a);
}

/* Never listed and never tried under its own name: a client uses it in place of publickey where the
 * server's EXT_INFO offers it. */
const struct auth_method auth_hostbound = {
    .name = "publickey-hostbound-v00@openssh.com",
    .counts_as = "publickey",
    .is_attempt = true,
    .offered = offered,
    .on_request = on_hostbound,
};

const struct auth_method auth_publickey = {
    .name = "publickey",
    .listed = true,
    .is_attempt = true,
    .offered = offered,
    .on_request = on_publickey,
    .attempt = attempt,
    .on_reply = on_pk_ok,
};
