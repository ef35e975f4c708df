/* Sockets from the process that started this one: the protocol of socket activation,
 * sd_listen_fds(3). The descriptors begin at 3; LISTEN_FDS is their number, LISTEN_PID the process
 * they are meant for.
 */
#ifndef NACRE_APPS_DAEMON_INHERITED_H
#define NACRE_APPS_DAEMON_INHERITED_H

#include "apps/session/errbuf.h"

enum {
    INHERITED_FIRST = 3, /* descriptor */
    INHERITED_MAX = 16,
};

struct inherited {
    int sockets[INHERITED_MAX];
    size_t count; /* 0: there are none */
};

/* Take them, so that programs that this one starts do not inherit them, and remove the variables.
 * False: *p has a sentence. */
bool inherited_take(struct inherited *inherited, const struct errbuf *p);

/* Close them: a server has duplicates, and a socket that nobody accepts from must not stay open. */
void inherited_close(const struct inherited *inherited);

#endif
