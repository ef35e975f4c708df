#include "tests/callbacks/sockets.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { WAIT_MS = 500 };

struct party parties[2];
struct side strangers[2] = {{.role = NACRE_SERVER, .unwatched = true},
                            {.role = NACRE_CLIENT, .unwatched = true}};
pthread_mutex_t server_lock = PTHREAD_MUTEX_INITIALIZER;
_Thread_local bool on_server_thread;

/* ---- channels ---- */

static int find(const struct party *p, const struct nacre_channel *ch)
{
    for (int i = 0; i < CHANNELS; i++)
        if (p->channels[i] == ch)
            return i;
    return -1;
}

static struct nacre_channel *alive(const struct party *p, const struct nacre_channel *but)
{
    for (int i = 0; i < CHANNELS; i++)
        if (p->channels[i] != NULL && !p->refused[i] && p->channels[i] != but)
            return p->channels[i];
    return NULL;
}

void party_add(struct party *p, struct nacre_channel *ch)
{
    int i = find(p, ch);

    if (ch == NULL)
        return;
    if (i >= 0 && !p->refused[i])
        fault("the same channel is opened twice");
    if (i < 0)
        i = find(p, NULL);
    if (i < 0)
        fault("too many channels");
    p->channels[i] = ch;
    p->refused[i] = false;
}

void party_remove(struct party *p, const struct nacre_channel *ch)
{
    int i = find(p, ch);

    if (i >= 0)
        p->channels[i] = NULL;
}

struct nacre_channel *another_channel(const struct place *here)
{
    return alive(&parties[here->side->role], here->channel);
}

/* ---- places ---- */

static struct party *party_at(const struct place *here)
{
    return &parties[here->side->role];
}

static struct place place_of_party(struct party *p)
{
    return (struct place){.side = &p->side,
                          .channel = alive(p, NULL),
                          .server = p->server,
                          .peer = p->peer,
                          .session = p->peer != NULL     ? nacre_peer_session(p->peer)
                                     : p->client != NULL ? nacre_client_session(p->client)
                                                         : NULL,
                          .clients = p->clients,
                          .client = p->client,
                          .loop = p->peer != NULL      ? nacre_peer_loop(p->peer)
                                  : p->clients != NULL ? nacre_clients_loop(p->clients)
                                                       : NULL,
                          .watch = p->watch,
                          .mailbox = p->has_mailbox ? p->mailbox : NULL,
                          .offload = p->offload,
                          .decision = p->pending};
}

/* The first connection is the story's. */
struct place place_of_peer(struct nacre_peer *peer)
{
    struct party *p = &parties[NACRE_SERVER];

    if (p->peer == NULL && p->begun == 0)
        p->peer = peer;
    return p->peer == peer ? place_of_party(p) : (struct place){.side = &strangers[NACRE_SERVER]};
}

struct place place_of_client(struct nacre_client *client)
{
    struct party *p = &parties[NACRE_CLIENT];

    return nacre_client_context(client) == p ? place_of_party(p)
                                             : (struct place){.side = &strangers[NACRE_CLIENT]};
}

struct place place_of_context(void *context)
{
    for (int i = 0; i < 2; i++)
        if (context == &parties[i])
            return place_of_party(&parties[i]);
    return on_server_thread ? place_of_peer(context) : place_of_client(context);
}

struct place place_of_channel(struct nacre_channel *ch)
{
    struct place here = place_of_context(nacre_channel_context(ch));

    if (!here.side->unwatched)
        here.channel = ch;
    return here;
}

struct place place_of_nothing(void)
{
    return (struct place){.side = &strangers[NACRE_CLIENT]};
}

void account(struct place *here, const char *callback)
{
    struct party *p = party_at(here);
    int i;

    if (strncmp(callback, "nacre_channel_app.", 18) == 0) {
        i = find(p, here->channel);

        if (strcmp(callback, "nacre_channel_app.open") == 0 && (i < 0 || p->refused[i]))
            party_add(p, here->channel);
        else if (i < 0)
            fault("%s of a channel that is not open", callback);
        if (p->ended > 0)
            fault("%s after ended", callback);
    }
    if (strcmp(callback, "nacre_server_events.accepted") == 0)
        p->begun++;
    if (strcmp(callback, "nacre_server_events.ended") == 0 ||
        strcmp(callback, "nacre_client_config.ended") == 0) {
        for (i = 0; i < CHANNELS; i++)
            if (p->channels[i] != NULL)
                fault("ended before closed");
        p->ended++;
    }
}

/* ---- what actions need ---- */

struct nacre_decision *answered_decision(struct place *here)
{
    struct party *p = party_at(here);

    here->decided = true;
    if (here->decision == p->pending)
        p->pending = NULL;
    return here->decision;
}

void note_decision(const struct place *here)
{
    party_at(here)->asked = here->decided ? NULL : here->decision;
}

struct nacre_session *given_up_session(struct place *here)
{
    return here->session;
}

struct nacre_endpoint *given_up_endpoint(struct place *here)
{
    (void)here;
    return NULL; /* it is the server's or the clients' */
}

struct nacre_server *given_up_server(struct place *here)
{
    struct nacre_server *server = here->server;

    if (server == NULL)
        return NULL;
    helpers_stop(party_at(here));
    (void)pthread_mutex_lock(&server_lock);
    party_at(here)->server = NULL;
    (void)pthread_mutex_unlock(&server_lock);
    return server;
}

struct nacre_clients *given_up_clients(struct place *here)
{
    struct nacre_clients *clients = here->clients;

    if (clients == NULL)
        return NULL;
    helpers_stop(party_at(here));
    party_at(here)->clients = NULL;
    return clients;
}

struct nacre_watch *given_up_watch(struct place *here)
{
    party_at(here)->watch = NULL;
    return here->watch;
}

struct nacre_offload *given_up_offload(struct place *here)
{
    party_at(here)->offload = NULL;
    return here->offload;
}

struct nacre_mailbox *given_up_mailbox(struct place *here)
{
    struct party *p = party_at(here);

    if (!p->has_mailbox)
        return NULL;
    nacre_watch_free(p->mail);
    nacre_offload_free(p->offload);
    p->mail = NULL;
    p->offload = NULL;
    p->has_mailbox = false;
    return p->mailbox;
}

/* A new connection of an action: a stranger. */
void *extra_context(struct place *here)
{
    (void)here;
    return NULL;
}

uint64_t now_ms(const struct place *here)
{
    return here->session == NULL ? 0 : nacre_session_deadline(here->session);
}

size_t put_output(struct place *here)
{
    (void)here;
    return 0; /* the library's own loop sends it */
}

void keep_session(struct place *here, struct nacre_session *session)
{
    (void)here;
    nacre_session_free(session);
}

void opened_channel(struct place *here, struct nacre_channel *ch)
{
    party_add(party_at(here), ch);
}

void answered_open(struct place *here)
{
    int i = find(party_at(here), here->channel);

    if (i >= 0)
        party_at(here)->refused[i] = true;
}

void *job_for(struct place *here)
{
    return party_at(here);
}

int watched_descriptor(const struct place *here)
{
    (void)here;
    return STDERR_FILENO; /* epoll does not watch files: then there is no watch */
}

/* ---- helpers ---- */

static void run_mailbox(void *context)
{
    struct party *p = context;

    if (p->has_mailbox)
        nacre_mailbox_run(p->mailbox);
}

void helpers_start(struct party *p, struct nacre_loop *loop)
{
    p->event = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    p->mailbox = nacre_mailbox_new();
    p->has_mailbox = p->mailbox != NULL;
    p->offload = nacre_offload_new(1);
    p->watch = nacre_watch_new(loop, p->event, on_nacre_watch_new_ready, p);
    p->mail = nacre_watch_new(loop, nacre_mailbox_fd(p->mailbox), run_mailbox, p);
    if (p->offload == NULL || p->watch == NULL || p->mail == NULL)
        fault("no helpers");
}

/* A job whose offload is freed before a thread gets to it is not worked on: wait for that. */
void helpers_finish(struct party *p)
{
    for (int i = 0; i < WAIT_MS && p->working && p->offload != NULL; i++)
        (void)usleep(1000);
    helpers_stop(p);
}

void helpers_stop(struct party *p)
{
    nacre_watch_free(p->watch);
    nacre_watch_free(p->mail);
    p->watch = p->mail = NULL;
    nacre_offload_free(p->offload);
    p->offload = NULL;
    if (p->has_mailbox) {
        p->has_mailbox = false;
        nacre_mailbox_free(p->mailbox);
    }
}
