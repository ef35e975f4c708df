/* What an application may call on a peer, besides what its worker calls (peer.c). */
#include "apps/server/parts.h"

#include <stdlib.h>
#include <string.h>

uint64_t nacre_peer_id(const struct nacre_peer *peer)
{
    return peer->id;
}

const char *nacre_peer_address(const struct nacre_peer *peer)
{
    return peer->address;
}

void nacre_peer_host(const struct nacre_peer *peer, char out[NACRE_PEER_HOST_MAX])
{
    address_host(out, peer->address);
}

const char *nacre_peer_local_address(struct nacre_peer *peer)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;

    if (peer->local_address == NULL)
        peer->local_address = malloc(ADDRESS_MAX);
    if (peer->local_address == NULL)
        return "";
    peer->local_address[0] = 0;
    if (getsockname(peer->pump.fd, (struct sockaddr *)&address, &len) == 0)
        address_text(peer->local_address, &address, peer->pump.fd);
    return peer->local_address;
}

void nacre_peer_set_data(struct nacre_peer *peer, void *data)
{
    peer->data = data;
}

void *nacre_peer_data(const struct nacre_peer *peer)
{
    return peer->data;
}

struct nacre_session *nacre_peer_session(const struct nacre_peer *peer)
{
    return peer->pump.session;
}

const struct nacre_login *nacre_peer_login(const struct nacre_peer *peer)
{
    return peer->pump.session == NULL ? NULL : nacre_session_login(peer->pump.session);
}

struct nacre_loop *nacre_peer_loop(const struct nacre_peer *peer)
{
    return &peer->worker->loop;
}

void *nacre_peer_server_context(const struct nacre_peer *peer)
{
    return peer->settings->config.context;
}

/* A source whose logins have succeeded before has places of its own in the queue. One that has just
 * failed comes last. */
static unsigned rank_of(const struct nacre_peer *peer)
{
    enum source_rank rank =
        admission_rank(peer->worker->server->admission, &peer->ticket, peer->worker->loop.now_ms);

    return rank == SOURCE_NEW && peer->failed_login ? SOURCE_FAILED : rank;
}

bool nacre_peer_offload(struct nacre_peer *peer, void (*work)(void *job), void (*done)(void *job),
                        void *job)
{
    struct nacre_server *server = peer->worker->server;
    const struct nacre_job what = {
        .version = NACRE_VERSION_NUMBER,
        .work = work,
        .done = done,
        .argument = job,
        .owner = admission_source(&peer->ticket),
        .rank = rank_of(peer),
        .client = peer,
    };

    if (server->offload == NULL)
        return false;
    peer->offloaded = true;
    return nacre_offload_submit(server->offload, &what, peer->worker->mailbox);
}
