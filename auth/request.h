/* Client: what the methods share: the head of a request, and questions to a person. RFC 4252
 * section 5. */
#ifndef NACRE_AUTH_REQUEST_H
#define NACRE_AUTH_REQUEST_H

#include "auth/policy.h"
#include "transport/pool.h"
#include "transport/wire.h"

struct auth;

enum { AUTH_TRIES_MAX = 3 /* how often each method asks a person */ };

/* Begin a USERAUTH_REQUEST with `room` bytes for the method's own fields; finish with
 * transport_send. */
struct writer auth_begin_request(struct auth *a, const char *method, size_t room);

/* Send "none": the server answers with the methods that can continue. Every login begins with it,
 * and it is sent again when a method is given up. */
int auth_request_list(struct auth *a);

/* The same, because a method does not go on; the login continues with another one. why: for the
 * person, if none is left; static text, or NULL. */
int auth_give_up(struct auth *a, const char *why);

/* Ask a person and pass the answer to `respond`. with->ask must be set. */
void auth_ask_person(struct auth *a, const struct nacre_ask *ask,
                     int (*respond)(struct auth *a, const char *const *responses, size_t count));

/* Text from the server for a person, NUL-terminated: wire.len + 1 bytes at `out`. */
void auth_clean(char *out, struct bytes wire);

/* The same in a new block of wire.len + 1 bytes; NULL: out of memory. */
char *auth_clean_text(struct pool *pool, struct bytes wire);

#endif
