/* Algorithm negotiation. RFC 4253 section 7.1. */
#ifndef NACRE_TRANSPORT_KEXINIT_H
#define NACRE_TRANSPORT_KEXINIT_H

#include "transport/algorithms.h"
#include "transport/wire.h"

struct transport;

/* Our names of a kind: the configured list or the default, written without a length. */
void write_our_names(const struct transport *t, struct writer *w, enum algorithm_kind kind);

/* Write our KEXINIT, after its number. */
void write_kexinit(struct transport *t, struct writer *w);

/* Choose from both KEXINITs, which the exchange has stored. Returns 0, or what transport_fail
 * returned. */
int kexinit_negotiate(struct transport *t);

#endif
