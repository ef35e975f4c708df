/* Sockets from the process that started this one: the protocol of socket activation,
 * sd_listen_fds(3). The descriptors begin at 3; LISTEN_FDS is their number, LISTEN_PID the process
 * they are meant for, and LISTEN_FDNAMES has their names. The one that is named "metrics" is for
 * --metrics, and the others are for clients of SSH, whatever their names. */
#ifndef NACRE_APPS_DAEMON_INHERITED_H
#define NACRE_APPS_DAEMON_INHERITED_H

#include "apps/session/errbuf.h"

enum {
    INHERITED_FIRST = 3, /* descriptor */
    INHERITED_MAX = 16,  /* for SSH */
};

#define INHERITED_SSH "ssh" /* a name that this program gives to such a socket */
#define INHERITED_METRICS "metrics"

struct inherited {
    int sockets[INHERITED_MAX];
    size_t count; /* 0: there are none */
    int metrics;  /* -1: none */
};

/* Take them, so that programs that this one starts do not inherit them, and remove the variables.
 * False: *p has a sentence. */
bool inherited_take(struct inherited *inherited, const struct errbuf *p);

/* Close those for SSH: a server has duplicates, and a socket that nobody accepts from must not stay
 * open. */
void inherited_close(const struct inherited *inherited);

#endif
