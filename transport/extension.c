#include "transport/extension.h"

#include "transport/hostkey.h"
#include "transport/kexinit.h"
#include "transport/parts.h"

#include <string.h>

enum {
    EXT_INFO_ROOM = 2048, /* bytes of our EXT_INFO at most */
};

/* RFC 8308 section 2.3, as in on_ext_info. The extensions: RFC 8308 section 3.1 (server-sig-algs, a
 * name-list), PROTOCOL section 3.1 (publickey-hostbound), PROTOCOL section 1.8 (ping). */
void send_ext_info(struct transport *t)
{
    bool server = t->config->role == NACRE_SERVER;
    struct writer w = transport_begin(t, SSH_MSG_EXT_INFO, EXT_INFO_ROOM);
    uint8_t *begin;

    write_u32(&w, server ? 3 : 1);
    if (server) {
        write_text(&w, "server-sig-algs");
        begin = write_string_begin(&w);
        write_our_names(t, &w, ALGORITHM_PUBLIC_KEY);
        write_string_end(&w, begin);
        write_text(&w, "publickey-hostbound@openssh.com");
        write_text(&w, "0");
    }
    write_text(&w, "ping@openssh.com");
    write_text(&w, "0");
    transport_send(t, &w);
}

/* RFC 8308 section 3.1: which of our signature algorithms the server accepts from users; a bit for
 * each row. */
static void note_sig_algs(struct transport *t, struct bytes names)
{
    const struct algorithm *a = algorithms_of(ALGORITHM_PUBLIC_KEY);

    t->peer.sig_algs = 0;
    for (uint32_t bit = 1; a->name != NULL; a++, bit <<= 1)
        if (name_list_has(names, a->name))
            t->peer.sig_algs |= bit;
    t->peer.sig_algs_known = true;
}

void transport_write_public_key_names(const struct transport *t, struct writer *w)
{
    write_our_names(t, w, ALGORITHM_PUBLIC_KEY);
}

bool transport_peer_takes(const struct transport *t, const struct algorithm *algorithm)
{
    const struct algorithm *first = algorithms_of(ALGORITHM_PUBLIC_KEY);
    const struct signature_algorithm *method = algorithm->method;

    return !t->peer.sig_algs_known || strcmp(method->key_type, method->name) == 0 ||
           (t->peer.sig_algs >> (algorithm - first) & 1);
}

/* RFC 8308 section 2.5: an unknown extension is ignored, whatever its value. */
static void note_extension(struct transport *t, struct bytes name, struct bytes value)
{
    if (bytes_are(name, "publickey-hostbound@openssh.com") && bytes_are(value, "0"))
        t->peer.hostbound = true;
    if (bytes_are(name, "server-sig-algs"))
        note_sig_algs(t, value);
}

/* RFC 8308 section 2.3:
 *     byte       SSH_MSG_EXT_INFO
 *     uint32     nr-extensions
 *     repeat the following 2 fields "nr-extensions" times:
 *       string   extension-name
 *       string   extension-value (binary)
 * Each pair takes at least 8 bytes, so a wrong count ends at the first short read. */
int on_ext_info(struct transport *t, struct reader *r)
{
    uint32_t count = read_u32(r);

    for (uint32_t i = 0; i < count && !r->bad; i++) {
        struct bytes name = read_string(r);
        struct bytes value = read_string(r);

        if (!r->bad)
            note_extension(t, name, value);
    }
    return read_done(r) ? 0 : transport_malformed(t, "EXT_INFO is malformed");
}

/* PROTOCOL section 1.8:
 *     byte      SSH_MSG_PING
 *     string    data
 * Answered by byte SSH_MSG_PONG, string data, in order and unchanged; during a key exchange of
 * ours, after it. The answers are bounded, draft-miller-ssh-ping section 4: a peer that sends more
 * than there is space for ends the session. */
int on_ping(struct transport *t, struct reader *r)
{
    struct bytes data = read_string(r);
    struct writer w;

    if (!read_done(r))
        return transport_malformed(t, "PING is malformed");
    if (data.len > TRANSPORT_MESSAGE_MAX - 1 - 4)
        return transport_fail(t, SSH_DISCONNECT_PROTOCOL_ERROR, "PING is too long");
    if (!transport_reply_room(t, SSH_MSG_PONG, 1 + 4 + data.len))
        return transport_fail(t, SSH_DISCONNECT_PROTOCOL_ERROR,
                              "PING: too many wait for an answer");
    w = transport_begin(t, SSH_MSG_PONG, 1 + 4 + data.len);
    write_string(&w, data);
    transport_send(t, &w);
    return 0;
}

/* PROTOCOL section 1.8:
 *     byte      SSH_MSG_PONG
 *     string    data
 * We send no PING, so none is expected; it is ignored. */
int on_pong(struct transport *t, struct reader *r)
{
    (void)t;
    (void)r;
    return 0;
}
