/* The options before a key in authorized_keys: sshd(8), AUTHORIZED_KEYS FILE FORMAT. */
#ifndef NACRE_APPS_AUTHORIZED_OPTIONS_H
#define NACRE_APPS_AUTHORIZED_OPTIONS_H

#include "apps/files/authorized_keys.h"
#include "crypto/bytes.h"

#include <time.h>

/* Read them, put what they say into *grant (to be cleared by the caller in any case), and decide:
 * may the key be used, from this address (NULL: not known) and now? When not, `what` says why,
 * without the line's place. */
bool authorized_options(struct bytes list, const char *address, time_t now,
                        struct nacre_key_grant *grant, char *what, size_t size);

/* A grant without any restriction. */
void authorized_everything(struct nacre_key_grant *grant);

#endif
