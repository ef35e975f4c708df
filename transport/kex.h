/* Key exchange: from KEXINIT to NEWKEYS, the first and later ones. RFC 4253 sections 7 to 9.
 *
 * kex.c drives; what an exchange consists of is in kex_state.h, what a method computes in
 * kex_method.h. */
#ifndef NACRE_TRANSPORT_KEX_H
#define NACRE_TRANSPORT_KEX_H

#include "transport/wire.h"

struct transport;

/* Begin an exchange: send our KEXINIT. No-op while one is in progress. */
int kex_begin(struct transport *t);

int on_kexinit(struct transport *t, struct reader *r);
int on_newkeys(struct transport *t, struct reader *r);

/* Client: the application has answered about the host key, for which the exchange waited. */
void kex_host_key_answered(struct transport *t, bool accepted);

/* A message of the method: 30 to 49. */
int kex_receive(struct transport *t, uint8_t number, struct reader *r);

#endif
