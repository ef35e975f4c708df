/* The server's side of a key exchange: serve.h. */
#include "apps/spec/serve.h"

#include "apps/spec/keys.h"

#include <stdlib.h>

enum { GEX_REPLY = 33 };

static bool is_gex(const struct peer *p)
{
    return p->x.chosen.kex != NULL && p->x.chosen.kex->course == KEX_GROUP_EXCHANGE;
}

bool serve_share(struct peer *p)
{
    const struct kex_method *method = p->x.chosen.kex;
    uint8_t raw[KEX_SECRET_MAX];
    size_t len = method->secret_len;
    bool good;

    if (is_gex(p)) {
        good = gex_respond(p, p->x.their_share, raw, &len);
    } else {
        uint8_t *share = peer_memory(p, method->server_share_len);
        void *scratch = peer_memory(p, method->scratch_len);

        p->x.own_share = (struct bytes){share, method->server_share_len};
        good = (method->share_is_mpint || p->x.their_share.len == method->client_share_len) &&
               method->respond(method, scratch, &p->random, p->x.their_share, share, raw);
    }
    if (good)
        set_secret(p, (struct bytes){raw, len});
    wipe(raw, sizeof raw);
    return good;
}

/* A guess that is wrong is ignored: RFC 4253 section 7. */
static void drop_guess(struct peer *p)
{
    if (p->x.theirs.follows && !p->x.chosen.guess_right)
        (void)next(p);
    p->x.theirs.follows = false;
}

/* RFC 4253 section 8: byte SSH_MSG_KEXDH_INIT, mpint e
 * RFC 5656 section 4: byte SSH_MSG_KEX_ECDH_INIT, string Q_C */
bool receive_share(struct peer *p)
{
    struct reader r;

    if (p->x.their_share.len > 0)
        return true;
    if (!receive_ident(p) || !receive_kexinit(p))
        return false;
    if (!negotiate(p)) { /* then the peer has to end the connection */
        if (!p->observing)
            problem(p, "nothing in common in the KEXINITs");
        return false;
    }
    drop_guess(p);
    if (is_gex(p) ? !gex_serve_group(p) || !want(p, 32) : !want(p, SSH_MSG_KEX_ECDH_INIT))
        return false;
    r = read_from(p->got);
    (void)read_u8(&r);
    p->x.their_share = p->x.chosen.kex->share_is_mpint || p->x.gex != NULL ? read_padded_mpint(&r)
                                                                           : read_string(&r);
    if (!read_done(&r))
        return falter(p, "a malformed client share");
    if (!serve_share(p))
        return falter(p, "a client share that is not acceptable");
    p->reached = p->first_done ? p->reached : AT_REPLY;
    return true;
}

struct bytes host_signature(struct peer *p, const struct reply *f, struct bytes text)
{
    const struct signature_algorithm *algorithm =
        f->algorithm != NULL ? f->algorithm : p->x.chosen.host_key;
    const struct nacre_key *key = f->key != NULL ? f->key : client_host_key(p, algorithm);
    uint8_t *room = peer_memory(p, SIGNATURE_BLOB_MAX);
    struct writer w = write_to(room, SIGNATURE_BLOB_MAX);

    if (key == NULL || !key_sign(key, algorithm, text, &w)) {
        problem(p, "the host key cannot sign");
        return (struct bytes){NULL, 0};
    }
    if (f->flip)
        room[written(&w) - 1] ^= 1;
    return written_bytes(&w);
}

/* RFC 4253 section 8, RFC 5656 section 4:
 *     byte      SSH_MSG_KEX_ECDH_REPLY (31), SSH_MSG_KEX_DH_GEX_REPLY (33)
 *     string    K_S, the server's host key
 *     string    Q_S, or mpint f
 *     string    the signature of H                                            */
struct bytes reply_payload(struct peer *p, const struct reply *f)
{
    const struct nacre_key *key = client_host_key(p, p->x.chosen.host_key);
    bool mpint = (p->x.chosen.kex->share_is_mpint || p->x.gex != NULL) && f->share.at == NULL;
    struct bytes signature = f->signature;

    if (key == NULL && f->host_key.at == NULL)
        return (struct bytes){NULL, 0};
    p->x.host_key = f->host_key.at != NULL ? f->host_key : private_key_blob(key);
    if (f->share.at != NULL)
        p->x.own_share = f->share;
    if (!compute_hash(p, p->x.their_share))
        problem(p, "H could not be computed");
    if (signature.at == NULL)
        signature = host_signature(p, f, (struct bytes){p->x.hash, p->x.hash_len});
    return message(p, mpint ? "bsmsr" : "bsssr", is_gex(p) ? GEX_REPLY : SSH_MSG_KEX_ECDH_REPLY,
                   p->x.host_key, p->x.own_share, signature, f->rest);
}

void send_reply_of(struct peer *p, const struct reply *f)
{
    if (over(p) || !receive_share(p))
        return;
    send_payload(p, reply_payload(p, f));
    p->reached = p->first_done ? p->reached : AT_NEWKEYS;
}

void send_reply(struct peer *p)
{
    send_reply_of(p, &(struct reply){0});
}

/* RFC 8308 section 2.3: byte SSH_MSG_EXT_INFO, uint32 1, string "server-sig-algs", string names */
void send_ext_info(struct peer *p)
{
    if (p->serve.ext_info != NULL && !p->serve.no_ext_info && p->client_wants_ext_info)
        transmit(p, "butt", SSH_MSG_EXT_INFO, 1, "server-sig-algs", p->serve.ext_info);
}
