/* Key exchange: its messages, H and the keys, from RFC 4253 sections 7 and 8, RFC 5656 section 4
 * and RFC 4419 section 3 once more. */
#ifndef NACRE_APPS_SPEC_EXCHANGE_H
#define NACRE_APPS_SPEC_EXCHANGE_H

#include "apps/spec/message.h"

/* RFC 4253 section 4.2: p->ident of our role, with CR LF. */
void send_ident(struct peer *p);

/* Any bytes in its place. V is their beginning up to CR or LF. */
void send_ident_bytes(struct peer *p, struct bytes line);

/* KEXINIT from p->x.ours; or any payload, which then is our I in H. */
void send_kexinit(struct peer *p);
void send_kexinit_payload(struct peer *p, struct bytes payload);
struct bytes kexinit_payload(struct peer *p);
bool receive_kexinit(struct peer *p);

/* Choose from both KEXINITs. False, and a problem: nothing in common, or not ours. */
bool negotiate(struct peer *p);

/* The client's message with a share of the negotiated method; for any method, as in a guess. */
void send_share(struct peer *p);
void send_share_of(struct peer *p, const char *method);

/* The payload of the message, not sent. */
struct bytes share_payload(struct peer *p, const struct kex_method *method);

/* The server's share and signature: computes K and H and verifies. */
bool receive_reply(struct peer *p);

/* Each takes its direction's new keys into use. */
void send_newkeys(struct peer *p);
bool receive_newkeys(struct peer *p);

/* The same without the message. */
bool use_new_keys(struct peer *p, bool sending);

/* K as H and the keys take it: an mpint, or a string for the hybrids. */
void set_secret(struct peer *p, struct bytes raw);

/* Begin an exchange with new offers in p->x.ours, as for a rekey. */
void begin_exchange(struct peer *p);

/* The group exchange of exchange_gex.c: GEX_REQUEST to GEX_INIT. */
void gex_send_request(struct peer *p, uint32_t min, uint32_t n, uint32_t max);
bool gex_receive_group(struct peer *p);
void gex_send_init(struct peer *p);
bool gex_finish(struct peer *p, struct bytes share, uint8_t *secret, size_t *len);

/* What H covers before the client's share: min, n, max, p, g. */
void gex_write_hashed(const struct peer *p, struct writer *w);
struct bytes gex_group_prime(const struct peer *p);

#endif
