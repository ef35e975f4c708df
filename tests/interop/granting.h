/* The parts of the server: granting.c decides about logins, granting_channels.c about channels, and
 * both use granting_guest.c. */
#ifndef NACRE_TESTS_INTEROP_GRANTING_H
#define NACRE_TESTS_INTEROP_GRANTING_H

#include "apps/files/authorized_keys.h"
#include "apps/server/server.h"

struct listener;

/* One connection, and the jobs that wait for it. */
struct guest {
    struct nacre_peer *peer; /* NULL after it has ended */
    int users;               /* the connection, and running jobs */
    struct nacre_key_grant grant;
    bool used_key;     /* so the grant applies */
    bool ida_is_right; /* so far */
    struct listener *listeners;
};

void guest_release(struct guest *guest);

/* Write a line of the log: what follows event=. */
__attribute__((format(printf, 2, 3))) void note(const char *event, const char *format, ...);

const struct nacre_channel_app *look_up(void *context, const char *type);
enum nacre_answer on_global_request(void *context, const struct nacre_global_request *request,
                                    uint32_t *port);

/* Stop listening at this address, or everywhere if host is NULL. False: it did not listen there. */
bool stop_listening(struct guest *guest, const char *host, uint32_t port);

#endif
