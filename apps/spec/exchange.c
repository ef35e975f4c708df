#include "apps/spec/exchange.h"

#include "apps/spec/compression.h"
#include "apps/spec/keys.h"
#include "apps/spec/trace.h"

#include <stdlib.h>

/* ---- identification ---- */

void send_ident_bytes(struct peer *p, struct bytes line)
{
    size_t len = 0;

    while (len < line.len && len < IDENT_MAX - 1 && line.at[len] != '\r' && line.at[len] != '\n')
        len++;
    memcpy(p->ident[p->role], line.at, len);
    p->ident_len[p->role] = len;
    trace_identification(p, true, line);
    send_raw(p, line);
    p->reached = AT_KEXINIT;
}

void send_ident(struct peer *p)
{
    send_ident_bytes(
        p,
        message(p, "rr", (struct bytes){(const uint8_t *)p->ident[p->role], p->ident_len[p->role]},
                bytes_of("\r\n")));
}

/* ---- KEXINIT ---- */

void begin_exchange(struct peer *p)
{
    if (p->x.share != NULL && p->x.share->clear != NULL && p->x.state != NULL)
        p->x.share->clear(p->x.state);
    memset(&p->x.payload, 0, sizeof p->x.payload);
    p->x.state = NULL;
    p->x.share = NULL;
    p->x.gex = NULL;
    p->x.hash_len = p->x.secret_len = 0;
    p->x.their_share = (struct bytes){NULL, 0};
    p->x.keeps_secret = false;
    p->x.ours_sent = p->x.theirs_came = false;
    random_fill(&p->random, p->x.ours.cookie, COOKIE_LEN);
    list_remove(p->x.ours.list[LIST_KEX], ext_info_marker[p->role]); /* only the first time */
}

struct bytes kexinit_payload(struct peer *p)
{
    struct writer w = write_to(p->scratch, SCRATCH_ROOM);

    kexinit_write(&p->x.ours, &w);
    return peer_copy(p, written_bytes(&w));
}

void send_kexinit_payload(struct peer *p, struct bytes payload)
{
    if (!p->first_done)
        p->offered_ext_info = list_contains(p->x.ours.list[LIST_KEX], ext_info_marker[p->role]);
    p->x.payload[p->role] = payload;
    p->kexinit_number = p->sending.number;
    p->x.ours_sent = p->in_exchange = true;
    send_payload(p, payload);
    p->reached = p->first_done ? p->reached : AT_SHARE;
}

void send_kexinit(struct peer *p)
{
    send_kexinit_payload(p, kexinit_payload(p));
}

bool receive_kexinit(struct peer *p)
{
    enum nacre_role from = p->setting->tested;

    if (p->x.theirs_came)
        return true;
    if (!want_either(p, SSH_MSG_KEXINIT, SSH_MSG_UNIMPLEMENTED))
        return false;
    p->rekey_refused = p->got.at[0] == SSH_MSG_UNIMPLEMENTED;
    if (p->rekey_refused)
        return falter(p, "unimpl(seq)");
    if (!kexinit_read(&p->x.theirs, p->got))
        return falter(p, "a malformed KEXINIT");
    if (!p->first_done)
        p->client_wants_ext_info = list_contains(p->x.theirs.list[LIST_KEX], "ext-info-c");
    p->x.payload[from] = p->got;
    p->x.theirs_came = p->in_exchange = true;
    return true;
}

bool negotiate(struct peer *p)
{
    bool we_are_client = p->role == NACRE_CLIENT;
    const struct kexinit *client = we_are_client ? &p->x.ours : &p->x.theirs;
    const struct kexinit *server = we_are_client ? &p->x.theirs : &p->x.ours;
    enum kexinit_list failed = LIST_KEX;

    if (!p->first_done)
        p->strict = strict_agreed(client, server);
    return kexinit_negotiate_both(client, server, &p->x.chosen, &failed) &&
           p->x.chosen.kex != NULL && p->x.chosen.cipher[NACRE_CLIENT] != NULL &&
           p->x.chosen.cipher[NACRE_SERVER] != NULL;
}

/* ---- shares ---- */

static bool make_share(struct peer *p, const struct kex_method *method)
{
    void *scratch = peer_memory(p, method->scratch_len);
    uint8_t *share = peer_memory(p, method->client_share_len);

    if (p->x.share != NULL && p->x.share->clear != NULL && p->x.state != NULL)
        p->x.share->clear(p->x.state);
    p->x.share = method;
    p->x.state = peer_memory(p, method->state_len);
    p->x.own_share = (struct bytes){share, method->client_share_len};
    return method->make_share(method, scratch, p->x.state, &p->random, share);
}

/* RFC 5656 section 4: byte SSH_MSG_KEX_ECDH_INIT, string Q_C
 * RFC 4253 section 8: byte SSH_MSG_KEXDH_INIT, mpint e */
struct bytes share_payload(struct peer *p, const struct kex_method *method)
{
    if (!make_share(p, method))
        problem(p, "the client's share could not be made");
    return message(p, method->share_is_mpint ? "bm" : "bs", SSH_MSG_KEX_ECDH_INIT, p->x.own_share);
}

void send_share(struct peer *p)
{
    if (over(p))
        return;
    if (!negotiate(p)) { /* then the peer has to end the connection */
        if (!p->observing)
            problem(p, "nothing in common in the KEXINITs");
        return;
    }
    if (p->x.chosen.kex->course == KEX_GROUP_EXCHANGE) {
        gex_send_request(p, 2048, 3072, 8192);
        if (!gex_receive_group(p))
            return;
        gex_send_init(p);
    } else {
        send_payload(p, share_payload(p, p->x.chosen.kex));
    }
    p->reached = p->first_done ? p->reached : AT_REPLY;
}

void send_share_of(struct peer *p, const char *method)
{
    const struct algorithm *a = algorithm_find(ALGORITHM_KEX, bytes_of(method));

    if (a == NULL)
        problem(p, "there is no method %s", method);
    else if (!over(p))
        send_payload(p, share_payload(p, a->method));
}

void set_secret(struct peer *p, struct bytes raw)
{
    struct writer w = write_to(p->x.secret, sizeof p->x.secret);

    if (p->x.chosen.kex->secret_is_string)
        write_string(&w, raw);
    else
        write_mpint(&w, raw);
    p->x.secret_len = written(&w);
}

/* The shared secret, from the server's share. */
static bool finish(struct peer *p, struct bytes share)
{
    const struct kex_method *method = p->x.chosen.kex;
    uint8_t raw[KEX_SECRET_MAX];
    size_t len = method->secret_len;
    bool good;

    if (method->course == KEX_GROUP_EXCHANGE) {
        good = gex_finish(p, share, raw, &len);
    } else {
        void *scratch = peer_memory(p, method->scratch_len);

        good = method == p->x.share &&
               (method->share_is_mpint || share.len == method->server_share_len) &&
               method->finish(method, scratch, p->x.state, share, raw);
    }
    if (good)
        set_secret(p, (struct bytes){raw, len});
    wipe(raw, sizeof raw);
    return good;
}

/* RFC 4253 section 8, RFC 5656 section 4:
 *     byte      SSH_MSG_KEX_ECDH_REPLY (31), SSH_MSG_KEX_DH_GEX_REPLY (33)
 *     string    K_S, the server's host key
 *     string    Q_S, or mpint f
 *     string    the signature of H                                            */
static bool on_reply(struct peer *p)
{
    struct reader r = read_from(p->got);
    struct bytes share, signature;

    (void)read_u8(&r);
    p->x.host_key = read_string(&r);
    share = p->x.chosen.kex->share_is_mpint || p->x.gex != NULL ? read_padded_mpint(&r)
                                                                : read_string(&r);
    signature = read_string(&r);
    if (!read_done(&r))
        return falter(p, "a malformed key exchange reply");
    if (!finish(p, share))
        return falter(p, p->x.state == NULL ? "the share was accepted"
                                            : "a server share that is not acceptable");
    if (!compute_hash(p, share))
        return falter(p, "H could not be computed");
    if (p->x.chosen.host_key == NULL || !key_verify(p->x.chosen.host_key, p->x.host_key, signature,
                                                    (struct bytes){p->x.hash, p->x.hash_len}))
        return falter(p, "a signature that does not verify over H");
    return true;
}

bool receive_reply(struct peer *p)
{
    uint8_t number = p->x.chosen.kex != NULL && p->x.chosen.kex->course == KEX_GROUP_EXCHANGE
                         ? 33
                         : SSH_MSG_KEX_ECDH_REPLY;

    if (p->x.chosen.kex == NULL || !want(p, number) || !on_reply(p))
        return false;
    p->reached = p->first_done ? p->reached : AT_NEWKEYS;
    return true;
}

/* ---- NEWKEYS ---- */

bool use_new_keys(struct peer *p, bool sending)
{
    if (!take_keys(p, sending))
        return falter(p, "the keys could not be derived");
    compression_begin(p, sending);
    return true;
}

void send_newkeys(struct peer *p)
{
    transmit(p, "b", SSH_MSG_NEWKEYS);
    if (!over(p))
        (void)use_new_keys(p, true);
}

bool receive_newkeys(struct peer *p)
{
    if (!want(p, SSH_MSG_NEWKEYS) || !use_new_keys(p, false))
        return false;
    p->in_exchange = false;
    p->first_done = true;
    return true;
}
