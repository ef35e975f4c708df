/* The parts of a server that grants: granting.c decides about logins, granting_channels.c about
 * what is opened then, and both use granting_guest.c. */
#ifndef NACRE_TESTS_INTEROP_GRANTING_H
#define NACRE_TESTS_INTEROP_GRANTING_H

#include "apps/files/authorized_keys.h"
#include "apps/server/server.h"

struct listener;

/* One connection, and all that waits on its account. */
struct guest {
    struct nacre_peer *peer; /* NULL once it has gone */
    int users;               /* the connection, and jobs that are under way */
    struct nacre_key_grant grant;
    bool used_key;     /* the grant counts */
    bool ida_is_right; /* so far */
    struct listener *listeners;
};

void guest_release(struct guest *guest);

/* A line of the log: what follows event=... */
__attribute__((format(printf, 2, 3))) void note(const char *event, const char *format, ...);

const struct nacre_channel_app *look_up(void *context, const char *type);
enum nacre_answer on_global_request(void *context, const struct nacre_global_request *request,
                                    uint32_t *port);

/* This place, or, when host is NULL, all of them. False: it was none. */
bool stop_listening(struct guest *guest, const char *host, uint32_t port);

#endif
