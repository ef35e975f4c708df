/* Is this the server that was meant? Host keys that are known: OpenSSH's known_hosts file, with
 * plain and hashed hosts, patterns and @revoked. sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.
 *
 * Certificates are not understood: lines with @cert-authority count for nothing, and are warned of.
 * Other than for ssh, what is known of a host without a port says nothing about ports other
 * than 22.
 */
#ifndef NACRE_APPS_KNOWN_HOSTS_H
#define NACRE_APPS_KNOWN_HOSTS_H

#include "transport/api.h"

/* A file, and who hears of lines in it that cannot be used. */
struct nacre_known_hosts {
    const char *file;
    /* "FILE:LINE: ..."; may be NULL. */
    void (*warn)(void *context, const char *sentence);
    void *context;
};

/* A server, as a person names it, and the key that it shows. */
struct nacre_host_key {
    const char *host; /* without brackets */
    uint16_t port;
    const uint8_t *key; /* the blob */
    size_t len;
};

enum nacre_host_verdict {
    NACRE_HOST_KNOWN,
    NACRE_HOST_UNKNOWN, /* the file has no key of it, or there is no file */
    NACRE_HOST_CHANGED, /* the file has other keys of it */
    NACRE_HOST_REVOKED,
    NACRE_HOST_UNCHECKED, /* the file cannot be used */
};

/* What the file says. sentence, of `size` bytes: the verdict for a person, with the place in the
 * file, the fingerprints and what to do. A revoked key is revoked wherever else it stands. */
NACRE_API enum nacre_host_verdict nacre_known_hosts_check(const struct nacre_known_hosts *hosts,
                                                          const struct nacre_host_key *shown,
                                                          char *sentence, size_t size);

/* Remember it: one line more, written at once or not at all; the file is made with mode 0600 when
 * it is missing. hashed: so that the file does not tell the host's name. False: errbuf holds a
 * sentence. */
NACRE_API bool nacre_known_hosts_add(const struct nacre_known_hosts *hosts,
                                     const struct nacre_host_key *shown, bool hashed, char *errbuf,
                                     size_t size);

/* The list of host key algorithms that prefers the types of which the file has a key of that host:
 * for nacre_endpoint_config.host_key, so that a server with several keys shows a known one. list:
 * comma-separated names in order, NULL for the defaults. False: out has no room. */
NACRE_API bool nacre_known_hosts_prefer(const struct nacre_known_hosts *hosts, const char *host,
                                        uint16_t port, const char *list, char *out, size_t size);

#endif
