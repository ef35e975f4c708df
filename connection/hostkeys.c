/* The server tells all its host keys, and proves that it has them: draft-ietf-sshm-hostkey-update,
 * by the names that OpenSSH uses (UpdateHostKeys). */
#include "connection/connection.h"

static const char announce[] = "hostkeys-00@openssh.com";
static const char prove[] = "hostkeys-prove-00@openssh.com";

enum { SIGNED_MAX = 128 + SESSION_ID_MAX + TRANSPORT_HOST_KEY_MAX };

static size_t room_for_all(const struct transport *t)
{
    size_t room = 64;

    for (size_t i = 0; transport_host_key_at(t, i).len > 0; i++)
        room += 4 + transport_host_key_at(t, i).len;
    return room;
}

/* Section 2.1: no key twice. */
static bool is_repeated(const struct transport *t, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (bytes_equal(transport_host_key_at(t, j), transport_host_key_at(t, i)))
            return true;
    return false;
}

/* Section 2.1: byte SSH_MSG_GLOBAL_REQUEST, string name, boolean FALSE, string[] hostkeys */
void send_hostkeys(struct connection *c)
{
    struct transport *t = c->transport;
    struct writer w = transport_begin(t, SSH_MSG_GLOBAL_REQUEST, room_for_all(t));

    write_text(&w, announce);
    write_bool(&w, false);
    for (size_t i = 0; transport_host_key_at(t, i).len > 0; i++)
        if (!is_repeated(t, i))
            write_string(&w, transport_host_key_at(t, i));
    transport_send(t, &w);
}

/* Section 2.2.2: signed are string name, string session identifier, string hostkey */
static bool write_proof(struct transport *t, struct writer *w, struct bytes key)
{
    uint8_t scratch[SIGNED_MAX];
    struct writer s = write_to(scratch, sizeof scratch);
    uint8_t *begin = write_string_begin(w);
    bool good;

    write_text(&s, prove);
    write_string(&s, transport_session_id(t));
    write_string(&s, key);
    good = !s.bad && transport_prove_host_key(t, key, written_bytes(&s), w);
    write_string_end(w, begin);
    return good;
}

/* Section 2.2.2: string[] hostkeys; answered by byte SSH_MSG_REQUEST_SUCCESS, string[] signatures.
 * Refused as a whole when one of them is not ours, or when there are more than we have. */
int on_hostkeys_prove(struct connection *c, struct reader *r, bool want_reply)
{
    struct transport *t = c->transport;
    uint8_t answer[TRANSPORT_REPLY_MAX - TRANSPORT_OVERHEAD];
    struct writer proofs = write_to(answer, sizeof answer);
    size_t count = 0;
    struct writer w;

    if (c->reply_count > 0 || /* an answer of this size does not wait in line */
        !transport_affords(t, NACRE_LIMIT_PROOFS))
        return global_refuse(c, want_reply);
    while (r->at < r->end && !r->bad) {
        struct bytes key = read_string(r);

        if (r->bad || transport_host_key_at(t, count++).len == 0 || !write_proof(t, &proofs, key))
            return global_refuse(c, want_reply);
    }
    if (!want_reply)
        return 0;
    w = transport_begin(t, SSH_MSG_REQUEST_SUCCESS, 1 + written(&proofs));
    write_bytes(&w, written_bytes(&proofs));
    transport_send(t, &w);
    return 0;
}
