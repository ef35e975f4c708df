/* Server: the messages that every method shares. RFC 4252 sections 5 and 5.4. */
#ifndef NACRE_AUTH_SERVER_H
#define NACRE_AUTH_SERVER_H

#include "transport/wire.h"

struct auth;

/* The service has started: send the banner. */
int auth_server_start(struct auth *a);

int auth_on_request(struct auth *a, struct reader *r);

#endif
