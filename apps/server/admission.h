/* Who may connect: how many in all, how many that have not logged in, in all and from one source,
 * and who has to stay away for a while. Asked once for each connection, at its beginning and its
 * end; one for all workers. The names are sshd_config(5)'s. */
#ifndef NACRE_APPS_ADMISSION_H
#define NACRE_APPS_ADMISSION_H

#include "apps/server/server.h"

#include <sys/socket.h>

struct admission;

enum { SOURCE_KEY_MAX = 17 /* bytes: a family, and an address that is cut to its network */ };

/* What one connection holds; embedded in it. */
struct ticket {
    uint8_t key[SOURCE_KEY_MAX];
    bool inside;    /* counted among the connections */
    bool starting;  /* ... and among those that have not logged in, */
    bool of_source; /* ... also of its source */
};

/* Why a connection ended without a login, as PerSourcePenalties has it. */
enum misdeed {
    MISDEED_AUTHFAIL,
    MISDEED_NOAUTH,
    MISDEED_GRACE_EXCEEDED,
};

/* NULL: out of memory. */
struct admission *admission_new(const struct nacre_admission *config);
void admission_free(struct admission *a);

/* A connection from there. True: it has the ticket. False: *limit says why not. */
bool admission_enter(struct admission *a, const struct sockaddr_storage *from, uint64_t now_ms,
                     struct ticket *ticket, enum nacre_limit *limit);

/* A number for its source, to tell sources apart where work waits in line. */
uint64_t admission_source(const struct ticket *ticket);

/* It has logged in. */
void admission_logged_in(struct admission *a, struct ticket *ticket);

/* It ended without. address: as address_text writes it. */
void admission_penalise(struct admission *a, const struct ticket *ticket, const char *address,
                        enum misdeed misdeed, uint64_t now_ms);

/* It is over. A ticket that nobody holds may be given back too. */
void admission_leave(struct admission *a, struct ticket *ticket);

/* How many there are now: all, and those that have not logged in. */
void admission_count(struct admission *a, uint32_t *connections, uint32_t *startups);

#endif
