/* Opening sockets that listen. Each address of a list gets one socket, which all workers share. */
#ifndef NACRE_APPS_SERVER_LISTEN_H
#define NACRE_APPS_SERVER_LISTEN_H

#include "apps/server/listen_address.h"
#include "apps/server/server.h"

/* A listening, non-blocking socket. -1: *p has a sentence. */
int listen_open(const struct listen_address *address, const struct errbuf *p);

/* One for each address of a NULL-terminated list of `count`, in sockets[]. An IPv6 socket for every
 * address accepts IPv4 too, unless 0.0.0.0 with the same port is on the list or the address says
 * ipv6only. False: *p has a sentence, and none is open. */
bool listen_all(const char *const *list, int *sockets, size_t count, const struct errbuf *p);

/* Can a server use this socket? It is a stream socket that listens; it becomes non-blocking. */
bool listen_check(int fd, const struct errbuf *p);

/* nacre_server_socket_address: "unix:PATH", "[ADDRESS%zone]:port". Works in a sandbox, too. */
void listen_text(char out[NACRE_LISTEN_ADDRESS_MAX], int fd);

/* Where to listen by default, NULL-terminated: port 2022 of every address. */
const char *const *listen_default(void);

/* The list of a configuration, or the default one when it is NULL or empty; *count is its length.
 */
const char *const *listen_list(const char *const *list, size_t *count);

#endif
