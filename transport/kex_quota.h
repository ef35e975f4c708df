/* What the rekeys that a peer begins may cost us. RFC 4253 section 9 allows them at any time.
 *
 * Before the login a peer gets one. After it, each exchange takes tokens from the rate of rekeys:
 * one for an exchange with X25519 or a hybrid and an Ed25519 key, and one more for every
 * KEX_TOKEN_US that method and key cost beside. A peer over its quota is answered later. Exchanges
 * that we begin ourselves are not charged. */
#ifndef NACRE_TRANSPORT_KEX_QUOTA_H
#define NACRE_TRANSPORT_KEX_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct transport;

enum { KEX_TOKEN_US = 200 }; /* microseconds of CPU */

/* The peer begins a rekey. Returns 0, or the reason when it may not. */
int kex_quota_admit(struct transport *t);

/* May we begin one? Before the login we, too, begin one at most. */
bool kex_quota_allows_ours(const struct transport *t);

/* Take these tokens if the peer began the exchange; call it before the work where possible. */
void kex_quota_charge(struct transport *t, uint32_t tokens);

/* Tokens for a step with a host key whose blob has this length: RSA depends on it. */
uint32_t kex_quota_for_signing(size_t blob_len);
uint32_t kex_quota_for_verifying(size_t blob_len);

#endif
