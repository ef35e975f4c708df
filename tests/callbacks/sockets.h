/* A server and clients on sockets, and what their callbacks know. The server runs on a thread of
 * its own, the clients on the main thread; each party's members belong to its thread. */
#ifndef NACRE_TESTS_CALLBACKS_SOCKETS_H
#define NACRE_TESTS_CALLBACKS_SOCKETS_H

#include "tests/callbacks/callbacks.h"

#include "apps/runtime/watch.h"

#include <pthread.h>
#include <stdatomic.h>

enum { CHANNELS = 16 };

struct party {
    struct side side;
    struct nacre_server *server; /* under server_lock */
    struct nacre_peer *peer;
    struct nacre_clients *clients;
    struct nacre_client *client;
    struct nacre_channel *channels[CHANNELS];
    bool refused[CHANNELS];
    struct nacre_decision *pending, *asked;
    struct nacre_mailbox *mailbox;
    bool has_mailbox;
    struct nacre_offload *offload;
    struct nacre_watch *watch, *mail; /* of event, and of the mailbox */
    int event;
    bool opened_back; /* the server has opened a channel of its own */
    int begun, ended;
    atomic_bool working; /* a job was submitted, and has not been worked on */
};

extern struct party parties[2];
extern struct side strangers[2]; /* of connections that are no part of the story */
extern pthread_mutex_t server_lock;
extern _Thread_local bool on_server_thread;

/* ---- sockets_parties.c ---- */

void party_add(struct party *p, struct nacre_channel *ch);
void party_remove(struct party *p, const struct nacre_channel *ch);

/* A watch, a mailbox and an offload on the party's loop, all of which call back; and their end. */
void helpers_start(struct party *p, struct nacre_loop *loop);
void helpers_stop(struct party *p);
void helpers_finish(struct party *p);

/* ---- sockets_scripts.c: what the callbacks do ---- */

void on_nothing(void *context);
void server_script(struct nacre_server_config *config);
void client_script(struct nacre_client_config *config);

#endif
