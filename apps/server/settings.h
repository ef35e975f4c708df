/* A configuration, with what is made of it. Connections begin with the latest one of their server
 * and keep it to their end; nacre_server_reconfigure makes another one the latest. */
#ifndef NACRE_APPS_SERVER_SETTINGS_H
#define NACRE_APPS_SERVER_SETTINGS_H

#include "apps/server/complete.h"
#include "apps/server/file_login.h"
#include "apps/server/server.h"

#include <stdatomic.h>

struct settings {
    struct nacre_server_config config;
    struct complete parts;              /* of the configuration */
    struct nacre_observer observer;     /* that of the configuration, and one that counts limits */
    struct nacre_file_login *own_login; /* of password_file and authorized_keys, */
    void (*trouble)(void *context, const char *text); /* ... and where its trouble goes; or NULL */
    struct nacre_key *own_key;                        /* read from host_key_file */
    const struct nacre_key *own_keys[2];
    _Atomic uint32_t users; /* connections, and workers whose connections begin with it */
    bool accepted;          /* the server has it: `released` follows */
    unsigned worker_count;
    struct nacre_endpoint *endpoints[]; /* one for each worker */
};

/* Settings with one user and no endpoints yet. trouble: the server's event, or NULL. NULL: errbuf
 * holds a sentence. */
struct settings *settings_new(const struct nacre_server_config *config, unsigned worker_count,
                              void (*trouble)(void *context, const char *text), char *errbuf,
                              size_t size);

/* One user more, on any thread that knows another user. */
void settings_keep(struct settings *s);

/* One user less. After the last one they are freed, and the configuration's `released` is called.
 * NULL is fine. */
void settings_release(struct settings *s);

#endif
