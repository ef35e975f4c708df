#include "apps/spec/either.h"

#include "crypto/dh.h"

bool exchange_shares(struct peer *p)
{
    if (p->role == NACRE_CLIENT) {
        send_share(p);
        return receive_reply(p);
    }
    send_reply(p);
    return !over(p) && p->x.hash_len > 0;
}

void exchange_newkeys(struct peer *p)
{
    send_newkeys(p);
    (void)receive_newkeys(p);
}

void finish_exchange(struct peer *p)
{
    if (exchange_shares(p))
        exchange_newkeys(p);
}

struct bytes own_share(struct peer *p, const struct kex_method *method)
{
    if (!over(p) && p->role == NACRE_CLIENT)
        (void)share_payload(p, method);
    else if (!over(p))
        (void)receive_share(p);
    return p->x.own_share.len > 0 ? peer_copy(p, p->x.own_share) : filled(p, 0, 4096);
}

/* The prime, if a share is a number modulo one. */
static struct bytes prime_of(const struct peer *p)
{
    const struct kex_method *method = p->x.chosen.kex;
    const struct dh_group *group = method->share_is_mpint ? method->group : NULL;

    if (p->x.gex != NULL)
        return gex_group_prime(p);
    return group == NULL ? (struct bytes){NULL, 0} : group->p;
}

/* K of a client that accepts a weak share: x25519 with a point of small order gives 0, and so do 0
 * and p in Diffie-Hellman; 1 and p + 1 give 1, and p - 1 either 1 or itself. */
static void set_weak_secret(struct peer *p, struct bytes share)
{
    struct bytes prime = prime_of(p), number = bytes_without_zeros(share);

    if (p->x.chosen.kex == &kex_curve25519)
        set_secret(p, filled(p, 0, 32));
    else if (number.len == 0 || bytes_equal(number, prime))
        set_secret(p, (struct bytes){NULL, 0});
    else if (number.len == 1 || (number.len == prime.len && prime.len > 0 && number.at[0] == 0xff))
        set_secret(p, (struct bytes)LITERAL("\1"));
}

void send_share_bytes(struct peer *p, struct bytes share)
{
    if (p->role == NACRE_CLIENT) {
        (void)negotiate(p);
        transmit(p, "bs", SSH_MSG_KEX_ECDH_INIT, share);
        p->reached = p->first_done ? p->reached : AT_REPLY;
        return;
    }
    if (!receive_share(p))
        return;
    if (!p->x.keeps_secret)
        set_weak_secret(p, share);
    send_reply_of(p,
                  &(struct reply){.share = share.at == NULL ? (struct bytes)LITERAL("") : share});
}

struct bytes their_share(const struct peer *p)
{
    struct reader r = read_from(p->got);

    if (p->role == NACRE_SERVER)
        return p->x.their_share;
    (void)read_u8(&r);
    (void)read_string(&r);
    return read_string(&r);
}
