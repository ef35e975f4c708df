/* diffie-hellman-group-exchange: RFC 4419 section 3. */
#include "apps/spec/exchange.h"
#include "apps/spec/serve.h"

#include "crypto/dh.h"

enum { GROUP_BITS_LEAST = 1024, GROUP_BITS_MOST = 8192, GEX_GROUP = 31 };

struct gex {
    uint32_t min, n, max;
    struct bytes prime, generator;
    struct dh_group group;
    struct dh dh;
    uint8_t share[DH_LEN_MAX];
};

/* RFC 4419 section 3: byte SSH_MSG_KEY_DH_GEX_REQUEST (34), uint32 min, n, max */
void gex_send_request(struct peer *p, uint32_t min, uint32_t n, uint32_t max)
{
    struct gex *g = peer_memory(p, sizeof *g);

    g->min = min;
    g->n = n;
    g->max = max;
    p->x.gex = g;
    transmit(p, "buuu", 34, min, n, max);
}

/* byte SSH_MSG_KEX_DH_GEX_GROUP (31), mpint p, mpint g */
bool gex_receive_group(struct peer *p)
{
    struct gex *g = p->x.gex;
    struct reader r;

    if (g == NULL || !want(p, GEX_GROUP))
        return false;
    r = read_from(p->got);
    (void)read_u8(&r);
    g->prime = read_mpint(&r);
    g->generator = read_mpint(&r);
    if (read_done(&r) &&
        dh_group_init(&g->group, g->prime, g->generator, GROUP_BITS_LEAST, GROUP_BITS_MOST) &&
        dh_generate(&g->dh, &g->group, &p->random, g->share)) {
        size_t bits = 8 * g->prime.len;

        watch_check(p, WATCH_GEX_SIZE, bits >= g->min && bits <= g->max,
                    "%zu bits, but %u to %u were requested", bits, (unsigned)g->min,
                    (unsigned)g->max);
        watch_check(p, WATCH_GEX_2048, bits >= 2048, "%zu bits", bits);
        p->x.own_share = (struct bytes){g->share, g->group.p.len};
        return true;
    }
    return falter(p, "a malformed group");
}

/* byte SSH_MSG_KEX_DH_GEX_INIT (32), mpint e */
void gex_send_init(struct peer *p)
{
    transmit(p, "bm", 32, p->x.own_share);
}

bool gex_finish(struct peer *p, struct bytes share, uint8_t *secret, size_t *len)
{
    struct gex *g = p->x.gex;
    bool good = g != NULL && g->group.p.len > 0 && dh_shared(&g->dh, share, secret);

    if (g != NULL) {
        *len = g->group.p.len;
        dh_clear(&g->dh);
    }
    return good;
}

void gex_write_hashed(const struct peer *p, struct writer *w)
{
    const struct gex *g = p->x.gex;

    write_u32(w, g->min);
    write_u32(w, g->n);
    write_u32(w, g->max);
    write_mpint(w, g->prime);
    write_mpint(w, g->generator);
}

struct bytes gex_group_prime(const struct peer *p)
{
    return p->x.gex == NULL ? (struct bytes){NULL, 0} : p->x.gex->group.p;
}

/* ---- as a server ---- */

/* The smallest group of RFC 3526 that has the bits that are preferred; 2048 bits, if none has. */
static const struct dh_group *group_for(const struct gex *g, uint32_t bits)
{
    static const struct dh_group *const groups[] = {&dh_group14, &dh_group15, &dh_group16,
                                                    &dh_group18};

    bits = bits < g->min || bits > g->max ? g->n : bits;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        if (8 * groups[i]->p.len >= bits && 8 * groups[i]->p.len <= g->max)
            return groups[i];
    return &dh_group14;
}

/* byte SSH_MSG_KEY_DH_GEX_REQUEST (34), uint32 min, n, max */
bool gex_receive_request(struct peer *p)
{
    struct gex *g = peer_memory(p, sizeof *g);
    struct reader r;

    if (!want(p, 34))
        return false;
    r = read_from(p->got);
    (void)read_u8(&r);
    g->min = read_u32(&r);
    g->n = read_u32(&r);
    g->max = read_u32(&r);
    if (!read_done(&r))
        return falter(p, "a malformed GEX_REQUEST");
    p->x.gex = g;
    watch_check(p, WATCH_GEX_MIN, g->min >= 2048, "at least %u bits", (unsigned)g->min);
    return true;
}

bool gex_serve_group(struct peer *p)
{
    const struct dh_group *group;

    if (p->x.gex != NULL) /* the case has sent one */
        return true;
    if (!gex_receive_request(p))
        return false;
    group = group_for(p->x.gex, p->serve.group_bits);
    gex_send_group(p, group->p, group->g);
    return !over(p);
}

/* byte SSH_MSG_KEX_DH_GEX_GROUP (31), mpint p, mpint g */
void gex_send_group(struct peer *p, struct bytes prime, struct bytes generator)
{
    struct gex *g = p->x.gex;

    if (g == NULL)
        return;
    g->prime = prime;
    g->generator = generator;
    transmit(p, "bmm", GEX_GROUP, prime, generator);
}

bool gex_respond(struct peer *p, struct bytes share, uint8_t *secret, size_t *len)
{
    struct gex *g = p->x.gex;
    bool good =
        dh_group_init(&g->group, g->prime, g->generator, GROUP_BITS_LEAST, GROUP_BITS_MOST) &&
        dh_generate(&g->dh, &g->group, &p->random, g->share) && dh_shared(&g->dh, share, secret);

    p->x.own_share = (struct bytes){g->share, g->group.p.len};
    *len = g->group.p.len;
    dh_clear(&g->dh);
    return good;
}
