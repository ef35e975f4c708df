/* diffie-hellman-group-exchange: RFC 4419 section 3. */
#include "apps/spec/exchange.h"

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
