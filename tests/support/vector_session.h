/* The sessions of vectors/handshake.txt: one per key exchange method, from a fixed seed. */
#ifndef NACRE_TESTS_SUPPORT_VECTOR_SESSION_H
#define NACRE_TESTS_SUPPORT_VECTOR_SESSION_H

#include "tests/support/pair.h"

/* Run the session with that row of the table of methods, from the identification to DISCONNECT. The
 * protections take turns. The server gets the observer, and p->user is set; p records what is sent.
 */
void vector_session(struct pair *p, size_t method, const struct nacre_observer *observer,
                    void *user);

#endif
