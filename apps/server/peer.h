/* One connection of the server driver: a socket and its session. */
#ifndef NACRE_APPS_PEER_H
#define NACRE_APPS_PEER_H

#include "apps/runtime/address.h"
#include "apps/server/admission.h"
#include "apps/runtime/offload.h"
#include "apps/runtime/pump.h"
#include "apps/server/server.h"

/* One event loop with what its connections share. */
struct worker {
    struct nacre_server *server;
    struct nacre_loop loop;
    struct nacre_endpoint *endpoint;
    struct nacre_mailbox mailbox;
    struct source mail;
    struct listener *listeners;
    struct nacre_peer *peers; /* all of them, doubly linked */
    uint64_t stop_at_ms;      /* when draining ends; 0 while running */
    uint64_t spell_until_ms;  /* out of descriptors until now, or lately */
    uint64_t refusals;        /* bucket of lines about them, */
    uint64_t unlogged;        /* ... and those that got none */
    int spare;                /* a descriptor to give up when there are no more */
    bool running;
};

struct nacre_peer {
    struct pump pump; /* first, so that one is the other */
    struct worker *worker;
    struct nacre_peer *next, **link;
    uint64_t id;
    char address[ADDRESS_MAX], local_address[ADDRESS_MAX];
    struct ticket ticket;
    uint32_t met; /* limits that were logged, a bit each */
    bool guessed; /* a login of its failed */
    bool got_in;
    void *data; /* the program's */
};

/* Take over a connected, non-blocking socket; closes it when memory is out. */
void peer_start(struct worker *worker, int fd, const struct sockaddr_storage *address,
                const struct ticket *ticket);

/* End its session as shutting down. */
void peer_shut_down(struct nacre_peer *peer);

/* Close the socket and forget the peer at once. */
void peer_close(struct nacre_peer *peer);

/* Of stream.c: nacre_stream_join on any loop. */
struct nacre_stream_config;
struct nacre_stream *stream_join(struct nacre_channel *ch, struct nacre_loop *loop,
                                 const struct nacre_stream_config *config);

/* Of server.c: what a peer needs of its server. */
const struct nacre_server_config *server_config(const struct nacre_server *server);
uint64_t server_next_id(struct nacre_server *server);
struct admission *server_admission(struct nacre_server *server);
void server_logged_in(struct nacre_server *server);
void server_limited(struct nacre_server *server, enum nacre_limit limit);
struct nacre_offload *server_offload(struct nacre_server *server);

/* The session callbacks that pass events on; put into the endpoint's configuration. */
void peer_callbacks(struct nacre_endpoint_config *config, const struct nacre_server_config *server);

/* The policy that asks `asked`, and learns which logins fail. */
const struct nacre_auth_policy *peer_policy(struct nacre_auth_policy *policy,
                                            const struct nacre_auth_policy *asked);

#endif
