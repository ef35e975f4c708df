/* Messages: sending them in any form, and receiving them one by one. */
#ifndef NACRE_APPS_SPEC_MESSAGE_H
#define NACRE_APPS_SPEC_MESSAGE_H

#include "apps/spec/peer.h"
#include "transport/message.h"

/* ---- sending ---- */

/* Bytes as they are. */
void send_raw(struct peer *p, struct bytes bytes);

/* A payload from its fields, in memory of the peer. Each letter is a field:
 *     b byte (int)    u uint32    q uint64    t string from a C string    s string (struct bytes)
 *     r bytes without a length (struct bytes)    m mpint from a magnitude (struct bytes)       */
struct bytes message(struct peer *p, const char *fields, ...);

/* Send a payload: as the next packet; with so many bytes of padding. */
void send_payload(struct peer *p, struct bytes payload);
void send_padded(struct peer *p, struct bytes payload, uint8_t padding);

/* message() and send_payload() at once. */
void transmit(struct peer *p, const char *fields, ...);

/* Encrypt a packet, compressed if that is on (never with a padding that is given), but do not send
 * it: a case changes its bytes or sends it later with send_raw. Its sequence number is used up. */
struct bytes sealed(struct peer *p, struct bytes payload);
struct bytes sealed_padded(struct peer *p, struct bytes payload, uint8_t padding);

/* A copy with one bit flipped: the lowest of that byte; from the end, if `at` is negative. */
struct bytes flipped(struct peer *p, struct bytes bytes, ptrdiff_t at);

/* n bytes that only look random, the same in each run. */
struct bytes sample(struct peer *p, size_t n);

/* n times the same byte. */
struct bytes filled(struct peer *p, uint8_t byte, size_t n);

/* ---- receiving ---- */

/* Wait for the peer's identification. */
bool receive_ident(struct peer *p);

/* The next packet of any kind, in p->got. False: the connection has ended, or nothing came. */
bool receive(struct peer *p);

/* The number of the next message that is not side traffic, in p->got; 0: none came. Side traffic is
 * what may come at any time; it is handled. While replies are observed, UNIMPLEMENTED is recorded.
 */
uint8_t next(struct peer *p);

/* Receive one message: side traffic is handled, anything else recorded. False: none came. */
bool receive_any(struct peer *p);

/* Receive until so many of one number have come, without recording anything. */
void receive_times(struct peer *p, uint8_t number, unsigned times);

/* Wait for a message of this number. Others are recorded as outcomes. */
bool want(struct peer *p, uint8_t number);
bool want_either(struct peer *p, uint8_t one, uint8_t other);

/* The number in the message that was received last, an UNIMPLEMENTED. */
uint32_t rejected_number(const struct peer *p);

/* Record the reply that comes next, by its name: "auth-failure", "close". Returns its number. */
uint8_t answer(struct peer *p);

/* Wait until the connection ends, for this long; record how. */
void wait_close(struct peer *p, uint64_t us);

/* Record the end of the connection, or that an answer is missing. */
void observe_end(struct peer *p);

/* We cannot follow the peer: an outcome if the case has begun its own steps, else a problem. Ends
 * the connection. Always false. */
bool falter(struct peer *p, const char *what);

/* The name of a reply as an outcome: "request-failure", "open-failure(3)". */
void reply_name(const struct peer *p, char out[OUTCOME_MAX]);

#endif
