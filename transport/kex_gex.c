#include "transport/kex_gex.h"

#include "crypto/dh.h"
#include "transport/hostkey.h"
#include "transport/kex_quota.h"
#include "transport/kex_sign.h"
#include "transport/keys.h"

#include <string.h>

/* RFC 4419 section 5 */
enum {
    SSH_MSG_KEX_DH_GEX_GROUP = 31,
    SSH_MSG_KEX_DH_GEX_INIT = 32,
    SSH_MSG_KEX_DH_GEX_REPLY = 33,
    SSH_MSG_KEX_DH_GEX_REQUEST = 34,
};

enum {
    BITS_MIN = 2048,       /* RFC 8270 section 3 */
    BITS_PREFERRED = 3072, /* requested by our client: 128 bits of strength */
    BITS_MAX = 8192,
    LEN_MAX = BITS_MAX / 8, /* bytes */
    HASHED_MAX = 3 * 4 + 4 * (5 + LEN_MAX),
};

struct gex {
    uint32_t min, preferred, max; /* as requested; they enter H */
    struct dh_group group;        /* points to constants (server) or to p and g below (client) */
    struct dh ephemeral;          /* the client's */
    uint8_t p[LEN_MAX], g[LEN_MAX], share[LEN_MAX];
};

static void clear(const struct kex_method *method, void *state)
{
    (void)method;
    dh_clear(&((struct gex *)state)->ephemeral);
}

/* RFC 4419 section 3: besides what every method hashes, H is over uint32 min, n, max, mpint p, g,
 * e, f. */
static bool agree(struct transport *t, struct bytes host_key, struct bytes e, struct bytes f,
                  const uint8_t *secret)
{
    const struct gex *x = t->kex->state;
    uint8_t scratch[HASHED_MAX];
    struct writer w = write_to(scratch, sizeof scratch);

    keys_observe(t, 'x', dh_secret(&x->ephemeral));
    write_u32(&w, x->min);
    write_u32(&w, x->preferred);
    write_u32(&w, x->max);
    write_mpint(&w, x->group.p);
    write_mpint(&w, x->group.g);
    write_mpint(&w, e);
    write_mpint(&w, f);
    return !w.bad &&
           keys_set_secret(t->kex, kex_method_of(t), (struct bytes){secret, x->group.p.len}) &&
           keys_compute_hash(t, host_key, written_bytes(&w));
}

/* Tokens for a group of that many bytes, as in kex_dh.c. */
static uint32_t tokens_of(size_t len)
{
    static const struct {
        size_t len;
        uint32_t tokens;
    } costs[] = {{256, 3}, {384, 8}, {512, 17}, {768, 47}, {LEN_MAX, 93}};
    size_t i = 0;

    while (costs[i].len < len)
        i++;
    return costs[i].tokens;
}

/* ---- server ---- */

/* The smallest group of RFC 3526 that has the preferred size, otherwise the largest allowed. */
static const struct dh_group *choose_group(const struct gex *x)
{
    static const struct dh_group *const groups[] = {&dh_group14, &dh_group15, &dh_group16,
                                                    &dh_group17, &dh_group18};
    const struct dh_group *best = NULL;

    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        size_t bits = groups[i]->p.len * 8;

        if (bits < x->min || bits > x->max)
            continue;
        best = groups[i];
        if (bits >= x->preferred)
            break;
    }
    return best;
}

/* RFC 4419 section 3:
 *     byte      SSH_MSG_KEX_DH_GEX_REQUEST
 *     uint32    min, minimal size in bits of an acceptable group
 *     uint32    n, preferred size in bits of the group
 *     uint32    max, maximal size in bits of an acceptable group
 * Answered by byte SSH_MSG_KEX_DH_GEX_GROUP, mpint p, mpint g. */
static enum kex_progress on_request(struct transport *t, struct reader *r)
{
    struct gex *x = kex_state_allocate(t, sizeof *x);
    const struct dh_group *group;
    struct writer w;

    if (x == NULL)
        return kex_no_memory(t);
    x->min = read_u32(r);
    x->preferred = read_u32(r);
    x->max = read_u32(r);
    if (!read_done(r))
        return kex_malformed(t, "KEX_DH_GEX_REQUEST is malformed");
    if (x->min > x->preferred || x->preferred > x->max)
        return kex_failed(t, "KEX_DH_GEX_REQUEST with group sizes out of order");
    group = choose_group(x);
    if (group == NULL)
        return kex_failed(t, "KEX_DH_GEX_REQUEST for a group size that is not available");
    x->group = *group;
    kex_quota_charge(t, tokens_of(group->p.len));
    w = transport_begin(t, SSH_MSG_KEX_DH_GEX_GROUP, 1 + 5 + group->p.len + 5 + group->g.len);
    write_mpint(&w, x->group.p);
    write_mpint(&w, x->group.g);
    transport_send(t, &w);
    return KEX_MORE;
}

static bool respond(struct transport *t, struct bytes e)
{
    struct gex *x = t->kex->state;
    struct bytes f = {x->share, x->group.p.len};
    uint8_t secret[LEN_MAX];
    bool good = dh_generate(&x->ephemeral, &x->group, t->config->random, x->share) &&
                dh_shared(&x->ephemeral, e, secret) &&
                agree(t, private_key_blob(t->kex->chosen.key), e, f, secret);

    wipe(secret, sizeof secret);
    return good;
}

/* RFC 4419 section 3:
 *     byte      SSH_MSG_KEX_DH_GEX_INIT
 *     mpint     e
 * Answered by SSH_MSG_KEX_DH_GEX_REPLY, as in on_reply. */
static enum kex_progress on_init(struct transport *t, struct reader *r)
{
    const struct gex *x = t->kex->state;
    struct bytes e = read_mpint(r);
    uint8_t encoded[5 + LEN_MAX];
    struct writer w = write_to(encoded, sizeof encoded);

    if (!read_done(r))
        return kex_malformed(t, "KEX_DH_GEX_INIT is malformed");
    if (!respond(t, e))
        return kex_failed(t, "KEX_DH_GEX_INIT with a public share that is not acceptable");
    write_mpint(&w, (struct bytes){x->share, x->group.p.len});
    return kex_sign(t, SSH_MSG_KEX_DH_GEX_REPLY, written_bytes(&w));
}

/* ---- client ---- */

/* RFC 4419 section 3: SSH_MSG_KEX_DH_GEX_REQUEST, as in on_request */
static enum kex_progress start(struct transport *t)
{
    struct gex *x = kex_state_allocate(t, sizeof *x);
    struct writer w;

    if (x == NULL)
        return kex_no_memory(t);
    x->min = BITS_MIN;
    x->preferred = BITS_PREFERRED;
    x->max = BITS_MAX;
    w = transport_begin(t, SSH_MSG_KEX_DH_GEX_REQUEST, 1 + 3 * 4);
    write_u32(&w, x->min);
    write_u32(&w, x->preferred);
    write_u32(&w, x->max);
    transport_send(t, &w);
    return KEX_MORE;
}

/* Copy the group, which is needed after the message is gone, and check it. */
static bool take_group(struct gex *x, struct bytes p, struct bytes g)
{
    if (p.len > LEN_MAX || g.len > LEN_MAX || p.len == 0 || g.len == 0)
        return false;
    memcpy(x->p, p.at, p.len);
    memcpy(x->g, g.at, g.len);
    return dh_group_init(&x->group, (struct bytes){x->p, p.len}, (struct bytes){x->g, g.len},
                         x->min, x->max);
}

/* RFC 4419 section 3:
 *     byte      SSH_MSG_KEX_DH_GEX_GROUP
 *     mpint     p, safe prime
 *     mpint     g, generator for subgroup in GF(p)
 * Answered by byte SSH_MSG_KEX_DH_GEX_INIT, mpint e. */
static enum kex_progress on_group(struct transport *t, struct reader *r)
{
    struct gex *x = t->kex->state;
    struct bytes p = read_mpint(r);
    struct bytes g = read_mpint(r);
    struct writer w;

    if (!read_done(r))
        return kex_malformed(t, "KEX_DH_GEX_GROUP is malformed");
    if (!take_group(x, p, g))
        return kex_failed(t, "KEX_DH_GEX_GROUP with a group that is not acceptable");
    kex_quota_charge(t, tokens_of(x->group.p.len));
    if (!dh_generate(&x->ephemeral, &x->group, t->config->random, x->share))
        return kex_no_memory(t);
    w = transport_begin(t, SSH_MSG_KEX_DH_GEX_INIT, 1 + 5 + x->group.p.len);
    write_mpint(&w, (struct bytes){x->share, x->group.p.len});
    transport_send(t, &w);
    return KEX_MORE;
}

/* RFC 4419 section 3:
 *     byte      SSH_MSG_KEX_DH_GEX_REPLY
 *     string    server public host key and certificates (K_S)
 *     mpint     f
 *     string    signature of H                                                */
static enum kex_progress on_reply(struct transport *t, struct reader *r)
{
    struct gex *x = t->kex->state;
    struct bytes key = read_string(r);
    struct bytes f = read_mpint(r);
    struct bytes signature = read_string(r);
    uint8_t secret[LEN_MAX];
    bool good;

    if (!read_done(r))
        return kex_malformed(t, "KEX_DH_GEX_REPLY is malformed");
    good = dh_shared(&x->ephemeral, f, secret) &&
           agree(t, key, (struct bytes){x->share, x->group.p.len}, f, secret);
    wipe(secret, sizeof secret);
    if (!good)
        return kex_failed(t, "KEX_DH_GEX_REPLY with a public share that is not acceptable");
    return kex_verify(t, key, signature);
}

static const struct kex_step server_steps[] = {
    {SSH_MSG_KEX_DH_GEX_REQUEST, on_request},
    {SSH_MSG_KEX_DH_GEX_INIT, on_init},
    {0, NULL},
};

static const struct kex_step client_steps[] = {
    {SSH_MSG_KEX_DH_GEX_GROUP, on_group},
    {SSH_MSG_KEX_DH_GEX_REPLY, on_reply},
    {0, NULL},
};

const struct kex_messages kex_group_exchange = {
    .start = start,
    .steps = {[NACRE_SERVER] = server_steps, [NACRE_CLIENT] = client_steps},
    .clear = clear,
};
