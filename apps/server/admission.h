/* Admission of connections: how many in all, how many that have not logged in, in all and per
 * source, and which sources serve a penalty. Consulted once at the beginning of a connection and
 * once at its end; shared by all workers. The names are those of sshd_config(5). */
#ifndef NACRE_APPS_SERVER_ADMISSION_H
#define NACRE_APPS_SERVER_ADMISSION_H

#include "apps/server/netblock.h"
#include "apps/server/server.h"

#include <sys/socket.h>

struct admission;

/* What one connection counts as; embedded in it. */
struct ticket {
    uint8_t key[NETBLOCK_KEY_MAX];
    bool admitted;  /* counted among the connections */
    bool starting;  /* ... and among those that have not logged in, */
    bool of_source; /* ... also among those of its source */
};

/* Why a connection that ended without a login is penalised, as in PerSourcePenalties. */
enum penalty_reason {
    PENALTY_AUTHFAIL,
    PENALTY_NOAUTH,
    PENALTY_GRACE_EXCEEDED,
};

/* The configuration with its defaults filled in. */
struct nacre_admission admission_resolve(const struct nacre_admission *config);

/* NULL: out of memory. */
struct admission *admission_new(const struct nacre_admission *config);
void admission_free(struct admission *a);

/* Other limits, which hold for connections that begin after this. False: out of memory, and nothing
 * has changed. */
bool admission_configure(struct admission *a, const struct nacre_admission *config);

/* A connection from this address begins. Limits and penalties of a source do not apply to AF_UNIX,
 * which has no address, as in sshd; those on all connections do. True: *ticket is filled in. False:
 * *limit refuses it. */
bool admission_enter(struct admission *a, const struct sockaddr_storage *from, uint64_t now_ms,
                     struct ticket *ticket, enum nacre_limit *limit);

/* A number for the ticket's source: tells sources apart where their work is queued. */
uint64_t admission_source(const struct ticket *ticket);

/* How urgent a source's logins are, as ranks of struct nacre_job. */
enum source_rank {
    SOURCE_KNOWN,  /* a login from it has succeeded since the server's start */
    SOURCE_NEW,    /* nothing is known about it */
    SOURCE_FAILED, /* a login from it has failed lately */
};
enum source_rank admission_rank(struct admission *a, const struct ticket *ticket, uint64_t now_ms);

/* The connection has logged in. */
void admission_logged_in(struct admission *a, struct ticket *ticket);

/* Is only the reserve left, the last eighth of all connections? It is for users who have none. */
bool admission_is_reserve(struct admission *a);

/* The connection has ended without a login. address: as address_text writes it. */
void admission_penalise(struct admission *a, const struct ticket *ticket, const char *address,
                        enum penalty_reason reason, uint64_t now_ms);

/* The connection is over. A ticket that was not admitted may be returned too. */
void admission_leave(struct admission *a, struct ticket *ticket);

/* The current numbers of connections, and of those that have not logged in. */
void admission_count(struct admission *a, uint32_t *connections, uint32_t *startups);

#endif
