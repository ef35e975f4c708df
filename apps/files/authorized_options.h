/* The options before a key in authorized_keys: sshd(8), AUTHORIZED_KEYS FILE FORMAT. */
#ifndef NACRE_APPS_FILES_AUTHORIZED_OPTIONS_H
#define NACRE_APPS_FILES_AUTHORIZED_OPTIONS_H

#include "apps/files/authorized_keys.h"
#include "apps/session/errbuf.h"
#include "crypto/bytes.h"

#include <time.h>

/* How a key is used. */
struct key_use {
    const char *address; /* the client's; NULL: unknown */
    time_t now;
    bool is_security_key; /* its type is one of PROTOCOL.u2f */
};

/* Read the options into *grant, which the caller clears in any case, and decide whether the key may
 * be used in this way. False comes with a sentence that does not name the file or the line. */
bool authorized_options(struct bytes list, const struct key_use *use, struct nacre_key_grant *grant,
                        const struct errbuf *p);

/* Free what the grant owns, and empty it. */
void key_grant_clear(struct nacre_key_grant *grant);

/* A grant without any restriction. */
void authorized_everything(struct nacre_key_grant *grant);

#endif
