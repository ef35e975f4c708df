/* Is this the intended server? OpenSSH's known_hosts file, with plain and hashed hosts, patterns
 * and @revoked. sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.
 *
 * Certificates are not supported: a line with @cert-authority is ignored, with a warning. As in
 * ssh, an address is looked up in its shortest form, with the name of its zone, and a key's type
 * may be the name of a signature algorithm. Unlike in ssh, an entry without a port applies to port
 * 22 only. RFC 4251 section 4.1.
 *
 * From any thread. Structs and text that are passed are not kept: each call reads the files again.
 */
#ifndef NACRE_APPS_FILES_KNOWN_HOSTS_H
#define NACRE_APPS_FILES_KNOWN_HOSTS_H

#include "transport/api.h"

/* Files of known hosts, and where to report lines that cannot be used. */
struct nacre_known_hosts {
    uint32_t version; /* NACRE_VERSION_NUMBER, which holds for struct nacre_host_key too */
    const char *file;
    void (*warn)(void *context, const char *sentence); /* "FILE:LINE: ..."; NULL: not reported */
    void *context;
    /* Further files, such as /etc/ssh/ssh_known_hosts, that are read but never written; the last
     * one is NULL. NULL: none. One that cannot be used is reported and left out. */
    const char *const *more;
};

/* A server, as a person names it, and the key that it presents. */
struct nacre_host_key {
    const char *host; /* without brackets */
    uint16_t port;
    const uint8_t *key; /* the blob */
    size_t len;
};

/* What the files have for a host and its key. */
enum nacre_host_verdict {
    NACRE_HOST_KNOWN,     /* this key */
    NACRE_HOST_UNKNOWN,   /* no file has a key for the host, or there is no file */
    NACRE_HOST_CHANGED,   /* the files have only other keys for the host */
    NACRE_HOST_REVOKED,   /* even if another line lists the key */
    NACRE_HOST_UNCHECKED, /* `file` cannot be used, or nothing can be read */
};

/* Look the key up. Only NACRE_HOST_KNOWN means that it is safe to go on. sentence, of `size` bytes:
 * the verdict for a person, with the line of the file, the fingerprints and what to do. */
NACRE_API enum nacre_host_verdict nacre_known_hosts_check(const struct nacre_known_hosts *hosts,
                                                          const struct nacre_host_key *shown,
                                                          char *sentence, size_t size);

/* Append a line for the key, whole or not at all. Creates the file with mode 0600 if it is missing.
 * hashed: hide the host's name. False: errbuf holds a sentence. */
NACRE_API bool nacre_known_hosts_add(const struct nacre_known_hosts *hosts,
                                     const struct nacre_host_key *shown, bool hashed, char *errbuf,
                                     size_t size);

/* Write the list of host key algorithms to `out`, for nacre_endpoint_config.host_key: types of
 * which the files have a key for the host come first, so that a server with several keys presents a
 * known one. list: comma-separated names in order, NULL for the defaults. False: `out` is too
 * small, or hosts has no version. */
NACRE_API bool nacre_known_hosts_prefer(const struct nacre_known_hosts *hosts, const char *host,
                                        uint16_t port, const char *list, char *out, size_t size);

#endif
