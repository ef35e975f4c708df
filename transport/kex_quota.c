#include "transport/kex_quota.h"

#include "transport/kex_state.h"

/* Microseconds as `make bench-crypto` measures them for RSA, divided by the blob's length cubed or
 * squared; everything else is cheap at these lengths. */
enum {
    SIGN_DIVISOR = 8500 * 1000, /* 3072 bits: 7 tokens, 4096 bits: 18 */
    VERIFY_DIVISOR = 225 * 1000 /* 4096 bits: 1 token, 16384 bits: 19 */
};

int kex_quota_admit(struct transport *t)
{
    bool *begun = &t->pace.rekeyed_early[transport_peer_role(t)];

    if (t->phase == PHASE_CONNECTION)
        return 0;
    if (*begun) {
        transport_limit_reached(t, NACRE_LIMIT_REKEYS);
        return transport_fail(t, SSH_DISCONNECT_PROTOCOL_ERROR, "second rekey before the login");
    }
    *begun = true;
    return 0;
}

bool kex_quota_allows_ours(const struct transport *t)
{
    return t->phase == PHASE_CONNECTION || !t->pace.rekeyed_early[t->config->role];
}

void kex_quota_charge(struct transport *t, uint32_t tokens)
{
    if (!t->kex->counted)
        return;
    transport_charge(t, NACRE_LIMIT_REKEYS, tokens);
    if (t->pace.wait_until_ms > t->now_ms) /* our answer takes longer, not the peer */
        t->kex->deadline_ms = t->pace.wait_until_ms + TRANSPORT_KEX_MS;
}

uint32_t kex_quota_for_signing(size_t blob_len)
{
    return (uint32_t)((uint64_t)blob_len * blob_len * blob_len / SIGN_DIVISOR);
}

uint32_t kex_quota_for_verifying(size_t blob_len)
{
    return (uint32_t)((uint64_t)blob_len * blob_len / VERIFY_DIVISOR);
}
