/* The server announces all its host keys and proves that it has them, by the names that OpenSSH
 * uses (UpdateHostKeys). draft-ietf-sshm-hostkey-update. */
#ifndef NACRE_CONNECTION_HOSTKEYS_H
#define NACRE_CONNECTION_HOSTKEYS_H

#include "transport/service.h"

void hostkeys_announce(struct transport *t);

/* Write a proof for each of the keys that the request lists. False: one of them is not ours, or
 * there are more than we have. */
bool hostkeys_prove(struct transport *t, struct reader *request, struct writer *proofs);

#endif
