/* Where to listen, as a person writes it:
 *
 *     HOST:PORT, [HOST]:PORT[,ipv6only], :PORT, unix:PATH[,mode=OCTAL][,group=NAME]   */
#ifndef NACRE_APPS_SERVER_LISTEN_ADDRESS_H
#define NACRE_APPS_SERVER_LISTEN_ADDRESS_H

#include "apps/session/errbuf.h"

#include <sys/socket.h>
#include <sys/types.h>

struct listen_address {
    const char *text; /* all of it, for sentences */
    struct sockaddr_storage at;
    socklen_t len;
    bool ipv6_only;
    mode_t mode; /* of a Unix socket */
    gid_t group; /* (gid_t)-1: the system's choice */
};

/* Is it one of these? No name is looked up. False: *p has a sentence. */
bool listen_address_is_good(const char *text, const struct errbuf *p);

/* Resolve it to the first address of the host; an empty host means every address. False: *p has a
 * sentence. `text` is borrowed. */
bool listen_resolve(const char *text, struct listen_address *address, const struct errbuf *p);

#endif
