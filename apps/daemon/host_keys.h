/* The host keys of a server program. A reload keeps those whose files have not changed, which the
 * server may no longer be able to read. */
#ifndef NACRE_APPS_DAEMON_HOST_KEYS_H
#define NACRE_APPS_DAEMON_HOST_KEYS_H

#include "apps/confine/confine.h"
#include "apps/options/values.h"
#include "apps/session/errbuf.h"
#include "transport/api.h"

struct host_key;

struct host_keys {
    struct host_key *held[OPTION_LIST_MAX];
    const struct nacre_key *keys[OPTION_LIST_MAX + 1]; /* the same, NULL-terminated */
    size_t count;
};

/* How to read a key. */
struct host_key_reading {
    const struct confinement *confinement;
    const struct host_keys *before; /* the keys so far; NULL: none */
    bool make;                      /* make a key if the file is missing */
    bool quiet;                     /* do not log it, as event=hostkey */
};

/* Add the key in the file. False: *p has a sentence. */
bool host_keys_add(struct host_keys *keys, const struct host_key_reading *how, const char *file,
                   const struct errbuf *p);

void host_keys_clear(struct host_keys *keys);

#endif
