/* The exchange hash and the keys. RFC 4253 sections 7.2 and 8. */
#ifndef NACRE_TRANSPORT_KEYS_H
#define NACRE_TRANSPORT_KEYS_H

#include "transport/kex_method.h"

struct kex;
struct transport;

/* Encode the raw secret as K. False: it is too long. */
bool keys_set_secret(struct kex *kex, const struct kex_method *method, struct bytes secret);

/* Compute H, after K was set. shares: what the method hashes between K_S and K, encoded. */
bool keys_compute_hash(struct transport *t, struct bytes host_key_blob, struct bytes shares);

/* Show key material to the observer; label: see observer.h. */
void keys_observe(const struct transport *t, char label, struct bytes secret);

/* Derive the keys of one direction and take them into use. False: out of memory; the old keys
 * stay. */
bool keys_take(struct transport *t, bool sending);

#endif
