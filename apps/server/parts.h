/* What server.c (all of it) and server_accept.c (who comes in) share. */
#ifndef NACRE_APPS_SERVER_PARTS_H
#define NACRE_APPS_SERVER_PARTS_H

#include "apps/server/admission.h"
#include "apps/server/peer.h"

#include <stdatomic.h>

struct nacre_server {
    struct nacre_server_config config;
    struct nacre_key *own_key; /* read from host_key_file */
    const struct nacre_key *own_keys[2];
    struct nacre_offload *offload;
    struct admission *admission;
    struct worker *workers;
    pthread_t *threads;
    unsigned worker_count;
    size_t listener_count; /* of each worker */
    char (*addresses)[ADDRESS_MAX];
    _Atomic uint64_t last_id, logins;
    _Atomic uint64_t limited[NACRE_LIMITS];
    _Atomic bool stopping, reporting;
    int stop; /* an eventfd that every loop watches, so that it looks at stopping and reporting */
};

/* Of server.c. */
void server_trouble(const struct nacre_server *server, const char *text);

/* Of server_accept.c: listen on all addresses. False: errbuf holds a sentence. The first worker's
 * choice of ports binds the others. */
bool accept_open(struct worker *worker, char *errbuf, size_t size);
void accept_close(struct worker *worker);

#endif
