/* The conforming steps of a connection, up to a point and from there to the end. */
#ifndef NACRE_APPS_SPEC_REACH_H
#define NACRE_APPS_SPEC_REACH_H

#include "apps/spec/auth.h"
#include "apps/spec/channel.h"
#include "apps/spec/either.h"
#include "apps/spec/exchange.h"

/* Run the steps up to a point, connecting first if there is no connection. If it is not reached,
 * the case has a problem. What the case sends afterwards is its own step. */
struct kexinit *reach(struct peer *p, enum reached where);

/* Run the rest of the steps, and then the fence: a global request that nobody knows, whose answer
 * proves that everything before it was processed. A peer that does not know global requests in the
 * baseline gets a channel of a type that nobody knows. Records go-on, or how it ended. If no answer
 * comes for half the time that a step may take, more fences are sent; once they are answered, the
 * outcome is go-on, but late. */
void go_on(struct peer *p);

/* Only the fence. */
void fence(struct peer *p);

/* Only the rest of the steps: nothing is recorded. False: it was not reached. */
bool steps_until(struct peer *p, enum reached where);

/* A complete rekey, by us. The offers are in p->x.ours. */
void rekey(struct peer *p);

/* ... and its first steps: up to both KEXINITs. */
void start_rekey(struct peer *p);

/* ---- needs ---- */

/* For cases that count the replies to global requests. */
void need_request_failure(struct peer *p);

/* The case cannot be done with a client; `why` says for what reason. */
void need_server(struct peer *p, const char *why);

void need_strict(struct peer *p);
void need_name(struct peer *p, enum kexinit_list list, const char *name);

/* Offer no strict kex: the case needs messages that it forbids. */
void without_strict(struct peer *p);

/* Offer only this cipher, both ways; with a MAC that the peer has, if it needs one. */
void only_cipher(struct peer *p, const char *cipher);
void only(struct peer *p, enum kexinit_list list, const char *name);

#endif
