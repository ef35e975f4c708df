/* Sockets that listen. */
#ifndef NACRE_APPS_LISTEN_H
#define NACRE_APPS_LISTEN_H

#include "apps/runtime/address.h"

/* What an address to listen on stands for: the first of what its host has, every address when the
 * host is empty. False: errbuf holds a sentence. */
bool listen_resolve(const char *text, struct sockaddr_storage *address, socklen_t *len,
                    char *errbuf, size_t size);

/* A listening, non-blocking socket; -1: errno says why. An IPv6 one for every address takes IPv4
 * too. shared  other threads of ours listen on the same port first   this is the first of them */
int listen_open(const struct sockaddr_storage *address, socklen_t len, bool shared, bool first);

/* Where to listen when nothing is said, NULL-terminated: port 2022 of every address. */
const char *const *listen_default(void);

#endif
