/* Opening a socket that listens. */
#ifndef NACRE_APPS_SERVER_LISTEN_H
#define NACRE_APPS_SERVER_LISTEN_H

#include "apps/session/errbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* Resolve HOST:PORT to the first address of the host; an empty host means every address. False:
 * errbuf holds a sentence. */
bool listen_resolve(const char *text, struct sockaddr_storage *address, socklen_t *len,
                    char *errbuf, size_t size);

/* A listening, non-blocking socket; -1 with errno. An IPv6 socket for every address accepts IPv4
 * too.
 *
 * shared  several threads of this process listen on the port
 * first   this is the first of them */
int listen_open(const struct sockaddr_storage *address, socklen_t len, bool shared, bool first);

/* Can a server use this socket? It is a stream socket that listens; it becomes non-blocking. */
bool listen_check(int fd, const struct errbuf *p);

/* Where to listen by default, NULL-terminated: port 2022 of every address. */
const char *const *listen_default(void);

#endif
