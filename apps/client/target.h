/* The word [USER@]HOST of the command line. */
#ifndef NACRE_APPS_CLIENT_TARGET_H
#define NACRE_APPS_CLIENT_TARGET_H

#include "apps/client/options.h"

/* Set host_name and target, and user if the word has one and no option named it. A host is a name,
 * an IPv4 address, an IPv6 address with or without brackets, or unix:PATH, which has no port.
 * False: *p has a sentence. */
bool target_read(struct client_options *o, const char *word, const struct errbuf *p);

/* Is this host a Unix socket, "unix:PATH"? */
bool target_is_unix(const char *host);

/* The server as known_hosts has it: "host", or "[host]:port" if the port is not SSH's own. */
void target_known_as(char *out, size_t size, const char *host, uint16_t port);

#endif
