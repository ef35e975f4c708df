/* publickey. RFC 4252 section 7. A query asks whether a key would be accepted and never logs in; a
 * proof carries a signature. publickey-hostbound-v00@openssh.com (OpenSSH's PROTOCOL, section 3.1)
 * adds the server's host key to the request and so to what is signed. This is the server's half. */
#include "auth/decision.h"
#include "auth/parts.h"
#include "auth/publickey_client.h"
#include "auth/publickey_signed.h"
#include "transport/algorithms.h"
#include "transport/text.h"

enum { ALGORITHM_NAME_MAX = 64 };

static bool offered(const struct nacre_auth_policy *policy)
{
    return policy->publickey != NULL;
}

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
    uint8_t scratch[PUBLICKEY_NAMES_MAX];
    struct writer names = write_to(scratch, sizeof scratch);
    char name[ALGORITHM_NAME_MAX];

    transport_write_public_key_names(t, &names);
    return !names.bad && text_from_wire(name, sizeof name, algorithm) &&
           name_list_has(written_bytes(&names), name);
}

static bool is_signed(const struct auth *a, const struct key_request *q,
                      const struct signature_algorithm *algorithm)
{
    uint8_t scratch[PUBLICKEY_SIGNED_MAX];
    struct writer w = write_to(scratch, sizeof scratch);

    transport_end_turn(a->transport);
    publickey_write_signed(a, &w, q->host_bound, algorithm->name, q->blob);
    return !w.bad && key_verify(algorithm, q->blob, q->signature, written_bytes(&w));
}

/* RFC 4252 section 7
 *     byte      SSH_MSG_USERAUTH_PK_OK
 *     string    public key algorithm name from the request
 *     string    public key blob from the request
 * echo is both strings. A granted query counts too. */
static int send_pk_ok(struct auth *a, struct claim *claim, struct bytes echo)
{
    struct writer w;

    (void)claim; /* a query proves nothing */
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
static int check_proof(struct auth *a, struct claim *claim, struct bytes echo)
{
    struct key_request q = {.proof = true, .host_bound = a->method == &auth_hostbound};
    const struct signature_algorithm *algorithm;
    struct reader r = read_from(echo);

    read_key_request(a, &r, &q);
    algorithm = algorithm_find(ALGORITHM_PUBLIC_KEY, q.name)->method;
    if (!is_signed(a, &q, algorithm))
        return refuse_key(a, &q, "wrong signature");
    claim->algorithm = algorithm->name;
    claim->key = q.blob;
    return auth_succeed(a, claim);
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

/* Never listed and never tried under its own name: a client uses it in place of publickey where the
 * server's EXT_INFO offers it. */
const struct auth_method auth_hostbound = {
    .name = PUBLICKEY_HOSTBOUND,
    .counts_as = PUBLICKEY_PLAIN,
    .is_attempt = true,
    .offered = offered,
    .on_request = on_hostbound,
};

const struct auth_method auth_publickey = {
    .name = PUBLICKEY_PLAIN,
    .listed = true,
    .is_attempt = true,
    .offered = offered,
    .on_request = on_publickey,
    .attempt = publickey_attempt,
    .on_reply = publickey_on_pk_ok,
};
