#include "connection/hostkeys.h"

#include <string.h>

static const char announce[] = "hostkeys-00@openssh.com";
static const char prove[] = "hostkeys-prove-00@openssh.com";

enum { SIGNED_MAX = 128 + SESSION_ID_MAX + TRANSPORT_HOST_KEY_MAX };

/* Section 2.1: no key twice. */
static bool is_repeated(const struct transport *t, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (bytes_equal(transport_host_key_at(t, j), transport_host_key_at(t, i)))
            return true;
    return false;
}

static size_t size_of_all(const struct transport *t)
{
    size_t size = 1 + 4 + strlen(announce) + 1;

    for (size_t i = 0; transport_host_key_at(t, i).len > 0; i++)
        if (!is_repeated(t, i))
            size += 4 + transport_host_key_at(t, i).len;
    return size;
}

/* draft-ietf-sshm-hostkey-update section 2.1:
 *     byte      SSH_MSG_GLOBAL_REQUEST
 *     string    "hostkeys-00@openssh.com"
 *     boolean   FALSE
 *     string[]  hostkeys
 * All of them or none, because a client forgets those that are missing: more than every client must
 * accept in one message are not announced. */
void hostkeys_announce(struct transport *t)
{
    size_t size = size_of_all(t);
    struct writer w;

    if (size > TRANSPORT_MESSAGE_MAX || transport_host_key_at(t, 0).len == 0)
        return;
    w = transport_begin(t, SSH_MSG_GLOBAL_REQUEST, size);
    write_text(&w, announce);
    write_bool(&w, false);
    for (size_t i = 0; transport_host_key_at(t, i).len > 0; i++)
        if (!is_repeated(t, i))
            write_string(&w, transport_host_key_at(t, i));
    transport_send(t, &w);
}

/* draft-ietf-sshm-hostkey-update section 2.2.2: a string, the signature of
 *     string    "hostkeys-prove-00@openssh.com"
 *     string    session identifier
 *     string    hostkey                                                       */
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

bool hostkeys_prove(struct transport *t, struct reader *request, struct writer *proofs)
{
    size_t count = 0;

    while (request->at < request->end && !request->bad) {
        struct bytes key = read_string(request);

        if (request->bad || transport_host_key_at(t, count++).len == 0 ||
            !write_proof(t, proofs, key))
            return false;
    }
    return true;
}
