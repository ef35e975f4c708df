#include "auth/publickey_client.h"

#include "auth/parts.h"
#include "auth/publickey_signed.h"
#include "auth/request.h"
#include "transport/algorithms.h"
#include "transport/signing.h"

#include <string.h>

/* The first algorithm on our list that suits this key and that the server accepts. */
static const struct signature_algorithm *algorithm_for(const struct auth *a,
                                                       const struct nacre_key *key)
{
    uint8_t scratch[PUBLICKEY_NAMES_MAX];
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
    w = auth_begin_request(a, publickey_name(a->host_bound), room);
    write_bool(&w, proof);
    write_text(&w, a->queried->name);
    write_string(&w, blob);
    if (a->host_bound)
        write_string(&w, host_key);
    return w;
}

bool publickey_attempt(struct auth *a)
{
    const struct nacre_key *key = NULL;
    struct writer w;

    a->queried = NULL;
    while (a->queried == NULL && a->next_key < a->with->key_count) {
        key = a->with->keys[a->next_key++];
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
    return a->with->keys[a->next_key - 1];
}

void publickey_claim(const struct auth *a, struct claim *claim)
{
    claim->algorithm = a->queried->name;
    claim->key = private_key_blob(queried_key(a));
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

static void on_signed(void *self, struct bytes signature)
{
    struct auth *a = self;

    a->signing = NULL;
    auth_signed(a, signature);
}

/* A key with a signer of its own, which answers now or later. */
static int ask_signer(struct auth *a, const struct nacre_key *key, struct bytes data)
{
    const struct signing_owner owner = {a->transport, a->context, a, on_signed};

    a->signing = signing_new(key, a->queried, data, &owner);
    if (a->signing == NULL)
        return transport_no_memory(a->transport);
    a->step = AUTH_SIGNING;
    signing_ask(a->signing);
    return 0;
}

/* Sign before the message is begun: a key's sign function, an agent's, is not ours. */
static int sign_proof(struct auth *a)
{
    const struct nacre_key *key = queried_key(a);
    uint8_t scratch[PUBLICKEY_SIGNED_MAX], signature[SIGNATURE_BLOB_MAX];
    struct writer to_sign = write_to(scratch, sizeof scratch);
    struct writer blob = write_to(signature, sizeof signature);
    bool good;

    transport_end_turn(a->transport);
    publickey_write_signed(a, &to_sign, a->host_bound, a->queried->name, private_key_blob(key));
    if (!to_sign.bad && key_is_external(key))
        return ask_signer(a, key, written_bytes(&to_sign));
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
    uint8_t scratch[PUBLICKEY_SIGNED_MAX];
    struct writer w = write_to(scratch, sizeof scratch);

    publickey_write_signed(a, &w, a->host_bound, a->queried->name, private_key_blob(key));
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
int publickey_on_pk_ok(struct auth *a, struct reader *r)
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
