/* publickey. RFC 4252 section 7. A query asks whether a key would do and never logs anyone in; a
 * proof is signed. publickey-hostbound-v00@openssh.com (PROTOCOL section 3.1) is the same with the
 * server's host key in the request and so in what is signed. */
#include "auth/method.h"
#include "transport/algorithms.h"
#include "transport/hostkey.h"

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

static bool is_accepted(const struct transport *t, struct bytes algorithm)
{
    uint8_t scratch[NAMES_MAX];
    struct writer names = write_to(scratch, sizeof scratch);
    char name[ALGORITHM_NAME_MAX];

    transport_write_public_key_names(t, &names);
    return !names.bad && auth_text(name, sizeof name, algorithm) &&
           name_list_has(written_bytes(&names), name);
}

/* RFC 4252 section 7, what the signature is over:
 *     string    session identifier
 *     byte      SSH_MSG_USERAUTH_REQUEST
 *     string    user name
 *     string    service name
 *     string    "publickey"
 *     boolean   TRUE
 *     string    public key algorithm name
 *     string    public key to be used for authentication
 *     string    server host key                         host-bound only      */
static void write_signed(const struct auth *a, struct writer *w, struct bytes algorithm,
                         struct bytes blob)
{
    write_string(w, transport_session_id(a->transport));
    write_u8(w, SSH_MSG_USERAUTH_REQUEST);
    write_text(w, auth_user(a));
    write_text(w, transport_service_name(a->transport, SERVICE_CONNECTION));
    write_text(w, a->method->name);
    write_bool(w, true);
    write_string(w, algorithm);
    write_string(w, blob);
    if (a->method == &auth_hostbound)
        write_string(w, transport_host_key(a->transport));
}

static bool is_signed(const struct auth *a, const struct signature_algorithm *algorithm,
                      struct bytes blob, struct bytes signature)
{
    uint8_t scratch[SIGNED_MAX];
    struct writer w = write_to(scratch, sizeof scratch);

    transport_end_turn(a->transport);
    write_signed(a, &w, bytes_of(algorithm->name), blob);
    return !w.bad && key_verify(algorithm, blob, signature, written_bytes(&w));
}

/* RFC 4252 section 7: byte SSH_MSG_USERAUTH_PK_OK, string algorithm name, string blob, as in the
 * query. echo holds both strings as they came. */
static int answer_query(struct auth *a, bool granted, struct bytes echo)
{
    struct writer w;

    if (!granted)
        return auth_refuse(a, AUTH_ATTEMPT_QUERY);
    if (++a->queries >= AUTH_QUERIES_MAX)
        return auth_refuse(a, AUTH_ATTEMPT_QUERY);
    w = transport_begin(a->transport, SSH_MSG_USERAUTH_PK_OK, 1 + echo.len);
    write_bytes(&w, echo);
    transport_send(a->transport, &w);
    return 0;
}

static int answer_proof(struct auth *a, bool granted, struct bytes echo)
{
    (void)echo;
    return granted ? auth_succeed(a) : auth_refuse(a, AUTH_ATTEMPT_PROOF);
}

/* RFC 4252 section 7:
 *     boolean   FALSE for a query, TRUE for a proof
 *     string    public key algorithm name
 *     string    public key blob
 *     string    server host key                 only in the host-bound form
 *     string    signature                       only in a proof               */
static int request(struct auth *a, struct reader *r)
{
    bool proof = read_bool(r);
    const uint8_t *fields = r->at;
    struct bytes name = read_string(r);
    struct bytes blob = read_string(r);
    struct bytes echo = {fields, (size_t)(r->at - fields)};
    bool bound = a->method == &auth_hostbound;
    struct bytes host_key = bound ? read_string(r) : transport_host_key(a->transport);
    struct bytes signature = proof ? read_string(r) : (struct bytes){NULL, 0};
    enum auth_attempt attempt = proof ? AUTH_ATTEMPT_PROOF : AUTH_ATTEMPT_QUERY;
    const struct algorithm *known = algorithm_find(ALGORITHM_PUBLIC_KEY, name);
    struct nacre_decision *decision;

    if (!read_done(r))
        return transport_fail(a->transport, SSH_DISCONNECT_PROTOCOL_ERROR,
                              "malformed publickey request");
    if (known == NULL || !is_accepted(a->transport, name) || !key_blob_fits(known->method, blob) ||
        !bytes_equal(host_key, transport_host_key(a->transport)) ||
        (proof && !is_signed(a, known->method, blob, signature)))
        return auth_refuse(a, attempt);
    if (proof)
        echo.len = 0;
    decision = auth_ask(a, echo, proof ? answer_proof : answer_query);
    if (decision != NULL)
        a->config->policy->publickey(a->context, decision, a->user, known->name, blob.at, blob.len);
    return 0;
}

/* ---- client ---- */

/* The first algorithm on our list for a key of that type that the server takes. */
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

/* The request's fields up to the signature, as in `request`. */
static void write_fields(const struct auth *a, struct writer *w, bool proof,
                         const struct signature_algorithm *algorithm, const struct nacre_key *key)
{
    write_bool(w, proof);
    write_text(w, algorithm->name);
    write_string(w, private_key_blob(key));
    if (a->method == &auth_hostbound)
        write_string(w, transport_host_key(a->transport));
}

static bool attempt(struct auth *a)
{
    const struct signature_algorithm *algorithm = NULL;
    struct writer w;

    while (algorithm == NULL && a->next_key < a->config->key_count)
        algorithm = algorithm_for(a, a->config->keys[a->next_key++]);
    if (algorithm == NULL)
        return false;
    a->step = AUTH_QUERIED_KEY;
    a->asked = algorithm;
    if (transport_peer_is_hostbound(a->transport))
        a->method = &auth_hostbound;
    w = auth_begin_request(a, a->method->name, ALGORITHM_NAME_MAX + 2 * KEY_BLOB_MAX + 16);
    write_fields(a, &w, false, algorithm, a->config->keys[a->next_key - 1]);
    transport_send(a->transport, &w);
    return true;
}

static int send_proof(struct auth *a, const struct nacre_key *key,
                      const struct signature_algorithm *algorithm)
{
    uint8_t scratch[SIGNED_MAX];
    struct writer to_sign = write_to(scratch, sizeof scratch);
    struct writer w = auth_begin_request(
        a, a->method->name, ALGORITHM_NAME_MAX + 2 * KEY_BLOB_MAX + SIGNATURE_BLOB_MAX + 16);
    uint8_t *signature;

    transport_end_turn(a->transport);
    write_signed(a, &to_sign, bytes_of(algorithm->name), private_key_blob(key));
    write_fields(a, &w, true, algorithm, key);
    signature = write_string_begin(&w);
    if (to_sign.bad || !key_sign(key, algorithm, written_bytes(&to_sign), &w))
        return auth_skip_method(a); /* an agent may have been told not to: the next key, then */
    write_string_end(&w, signature);
    a->step = AUTH_SIGNED;
    transport_send(a->transport, &w);
    return 0;
}

/* RFC 4252 section 7: byte SSH_MSG_USERAUTH_PK_OK, string algorithm name, string blob; it must be
 * the key we asked about. */
static int receive(struct auth *a, uint8_t number, struct reader *r)
{
    struct bytes name = read_string(r);
    struct bytes blob = read_string(r);
    const struct nacre_key *key;

    (void)number;
    if (!read_done(r) || a->step != AUTH_QUERIED_KEY)
        return transport_fail(a->transport, SSH_DISCONNECT_PROTOCOL_ERROR, "unexpected PK_OK");
    key = a->config->keys[a->next_key - 1];
    if (!bytes_are(name, a->asked->name) || !bytes_equal(blob, private_key_blob(key)))
        return transport_fail(a->transport, SSH_DISCONNECT_PROTOCOL_ERROR,
                              "PK_OK for another key than the one asked about");
    return send_proof(a, key, a->asked);
}

/* Never listed, nor tried by its own name: the client takes it for publickey where the server knows
 * it. */
const struct auth_method auth_hostbound = {
    .name = "publickey-hostbound-v00@openssh.com",
    .offered = offered,
    .request = request,
    .receive = receive,
};

const struct auth_method auth_publickey = {
    .name = "publickey",
    .listed = true,
    .offered = offered,
    .request = request,
    .attempt = attempt,
    .receive = receive,
};
