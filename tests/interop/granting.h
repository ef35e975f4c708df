/* The parts of the server: granting.c decides about logins, granting_channels.c about channels, and
 * both use granting_guest.c. */
#ifndef NACRE_TESTS_INTEROP_GRANTING_H
#define NACRE_TESTS_INTEROP_GRANTING_H

#include "apps/files/authorized_keys.h"
#include "apps/server/server.h"

/* One connection. */
struct guest {
    const struct nacre_key_grant *grant; /* or NULL */
    bool used_key;                       /* so the grant applies */
    bool ida_is_right;                   /* so far */
    int connections;                     /* of its forwards */
};

/* Write a line of the log: what follows event=. */
__attribute__((format(printf, 2, 3))) void note(const char *event, const char *format, ...);

extern const struct nacre_channel_app session_app;
extern const struct nacre_forwarding forwarding;

#endif
