/* What a client may have nacre-serve connect to and listen on: AllowTcpForwarding, PermitOpen and
 * their kind as in sshd_config(5), and the options of the client's key. */
#ifndef NACRE_APPS_SERVE_PERMIT_H
#define NACRE_APPS_SERVE_PERMIT_H

#include "apps/files/authorized_keys.h"
#include "connection/forward.h"

/* Directions as ssh has them: -L and its kind, -R and its kind. */
enum { PERMIT_NONE, PERMIT_LOCAL, PERMIT_REMOTE, PERMIT_BOTH };

struct permit {
    uint32_t tcp, streamlocal; /* directions */
    /* Lists, separated by commas: HOST:PORT, and [HOST:]PORT; "any" or "none". NULL: any. As in
     * sshd, they hold for TCP only. */
    const char *open, *listen;
};

/* Is it such a list? */
bool permit_is_list(const char *list, bool listens);

/* Both the server and the key must allow it. */
bool permit_connect(const struct permit *permit, const struct nacre_key_grant *grant,
                    const struct nacre_target *target);
bool permit_listen(const struct permit *permit, const struct nacre_key_grant *grant,
                   const struct nacre_target *target);

#endif
