/* How many sessions there are, in all and of each user, and whether there may be another one.
 *
 *     all       never more than these
 *     a user    at most per_user of them
 *     reserve   the last quarter of all: for users, and for addresses of a user, without a session
 *
 * When nobody has chosen per_user, a user has half of all, of which the second half is for
 * addresses that have no session of this user yet: several people may share a user name.
 *
 * All workers use it. */
#ifndef NACRE_APPS_SERVE_QUOTA_H
#define NACRE_APPS_SERVE_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

enum { QUOTA_NONE = 0 /* per_user: nobody has chosen it */ };

/* From any thread; sessions that there are stay. all: 1 or more. */
void quota_configure(uint32_t all, uint32_t per_user);

enum quota_answer {
    QUOTA_GRANTED,
    QUOTA_USER_FULL, /* this user has too many */
    QUOTA_ALL_FULL,  /* there are too many, or all but the reserve are in use */
    QUOTA_NO_MEMORY,
};

/* What a session counts for; embedded in it. */
struct quota_place {
    struct tally *user, *source; /* NULL: nothing */
};

/* Count a session of this user, who comes from this address. *news: it is refused as no other has
 * been since the last one was granted to the user. */
enum quota_answer quota_take(struct quota_place *place, const char *user, const char *address,
                             bool *news);

/* The session is over. A place that was not granted, all zero, may be returned too. */
void quota_return(struct quota_place *place);

/* The number of sessions now. */
uint32_t quota_count(void);

#endif
