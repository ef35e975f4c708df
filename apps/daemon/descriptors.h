/* The limit of file descriptors: a server uses as many as it may have, and the programs that it
 * starts get the limit that it was started with. */
#ifndef NACRE_APPS_DAEMON_DESCRIPTORS_H
#define NACRE_APPS_DAEMON_DESCRIPTORS_H

#include <sys/resource.h>

/* Raise the soft limit to the hard one. Call this before there are other threads; a second call
 * does nothing. */
void descriptors_raise(void);

/* The soft limit now. */
rlim_t descriptors_limit(void);

/* The limit before it was raised; NULL: it was not. */
const struct rlimit *descriptors_inherited(void);

#endif
