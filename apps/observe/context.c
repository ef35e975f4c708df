#include "apps/observe/context.h"

#include "transport/message.h"
#include "transport/wire.h"

const struct context_kex *context_kex_find(const char *name)
{
    static const struct context_kex methods[] = {
        {"mlkem768x25519-sha256", WHEN_MLKEM768, "SHA-256", true},
        {"sntrup761x25519-sha512", WHEN_SNTRUP761, "SHA-512", true},
        {"sntrup761x25519-sha512@openssh.com", WHEN_SNTRUP761, "SHA-512", true},
        {"curve25519-sha256", WHEN_CURVE25519, "SHA-256", false},
        {"curve25519-sha256@libssh.org", WHEN_CURVE25519, "SHA-256", false},
        {"ecdh-sha2-nistp256", WHEN_ECDH, "SHA-256", false},
        {"ecdh-sha2-nistp384", WHEN_ECDH, "SHA-384", false},
        {"ecdh-sha2-nistp521", WHEN_ECDH, "SHA-512", false},
        {"diffie-hellman-group-exchange-sha256", WHEN_GEX, "SHA-256", false},
        {"diffie-hellman-group16-sha512", WHEN_DH, "SHA-512", false},
        {"diffie-hellman-group18-sha512", WHEN_DH, "SHA-512", false},
        {"diffie-hellman-group14-sha256", WHEN_DH, "SHA-256", false},
        {"diffie-hellman-group14-sha1", WHEN_DH, "SHA-1", false},
    };

    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}

static enum nacre_direction other(enum nacre_direction direction)
{
    return direction == NACRE_SENT ? NACRE_RECEIVED : NACRE_SENT;
}

enum message_when context_reply(const struct message_context *c, enum nacre_direction direction)
{
    enum nacre_direction asked = other(direction);

    if (c->asked[asked].lost || c->asked[asked].count == 0)
        return WHEN_ALWAYS;
    return c->asked[asked].when[c->asked[asked].first];
}

/* RFC 4252 section 5: string user name, string service name, string method name */
static void note_login(struct message_context *c, struct reader *r)
{
    struct bytes method;

    (void)read_string(r);
    (void)read_string(r);
    method = read_string(r);
    c->auth = WHEN_ALWAYS;
    if (bytes_are(method, "publickey") || bytes_are(method, "publickey-hostbound-v00@openssh.com"))
        c->auth = WHEN_PUBLICKEY;
    else if (bytes_are(method, "password"))
        c->auth = WHEN_PASSWORD;
    else if (bytes_are(method, "keyboard-interactive"))
        c->auth = WHEN_INTERACTIVE;
}

/* RFC 4254 section 4: string request name, boolean want reply. Section 7.1: then string address to
 * bind, uint32 port number to bind; the reply has a port when that is 0. */
static void note_request(struct message_context *c, enum nacre_direction direction,
                         struct reader *r)
{
    struct bytes name = read_string(r);
    bool wants_reply = read_bool(r);
    enum message_when when = WHEN_ALWAYS;
    uint8_t at;

    if (r->bad || !wants_reply)
        return;
    if (bytes_are(name, "tcpip-forward")) {
        (void)read_string(r);
        when = read_u32(r) == 0 ? WHEN_PORT : WHEN_ALWAYS;
    } else if (bytes_are(name, "hostkeys-prove-00@openssh.com")) {
        when = WHEN_PROOFS;
    }
    if (c->asked[direction].count == CONTEXT_REPLIES) {
        c->asked[direction].lost = true;
        return;
    }
    at = (uint8_t)((c->asked[direction].first + c->asked[direction].count) % CONTEXT_REPLIES);
    c->asked[direction].when[at] = (uint8_t)when;
    c->asked[direction].count++;
}

static void note_reply(struct message_context *c, enum nacre_direction asked)
{
    if (c->asked[asked].count == 0)
        return;
    c->asked[asked].first = (uint8_t)((c->asked[asked].first + 1) % CONTEXT_REPLIES);
    c->asked[asked].count--;
}

void context_note(struct message_context *c, enum nacre_direction direction, struct bytes payload)
{
    struct reader r = read_from(payload);

    switch (read_u8(&r)) {
    case SSH_MSG_USERAUTH_REQUEST:
        note_login(c, &r);
        break;
    case SSH_MSG_GLOBAL_REQUEST:
        note_request(c, direction, &r);
        break;
    case SSH_MSG_REQUEST_SUCCESS:
    case SSH_MSG_REQUEST_FAILURE:
        note_reply(c, other(direction));
        break;
    default:
        break;
    }
}
