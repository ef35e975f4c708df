/* Client: the messages that every method shares. RFC 4252 sections 5.1 and 5.4. */
#ifndef NACRE_AUTH_CLIENT_H
#define NACRE_AUTH_CLIENT_H

#include "transport/wire.h"

struct auth;

/* Begin: ask which methods can continue. */
int auth_client_start(struct auth *a);

int auth_on_failure(struct auth *a, struct reader *r);
int auth_on_success(struct auth *a, struct reader *r);
int auth_on_banner(struct auth *a, struct reader *r);

#endif
