#include "apps/connect/forwarding.h"

#include "apps/forward/forwards.h"

enum { THREADS = 2 /* that look up names */ };

/* ---- threads, once they are needed ---- */

static bool offload(void *context, void (*work)(void *job), void (*done)(void *job), void *job)
{
    const struct nacre_client *client = context;
    struct nacre_clients *all = client->all;
    const struct nacre_job what = {
        .version = NACRE_VERSION_NUMBER, .work = work, .done = done, .argument = job};

    if (all->threads == NULL)
        all->threads = nacre_offload_new(THREADS);
    return all->threads != NULL && nacre_offload_submit(all->threads, &what, all->mailbox);
}

/* ---- forwards, once they are needed ---- */

struct nacre_forwards *nacre_client_forwards(struct nacre_client *client)
{
    const struct forwards_home home = {.context = client,
                                       .session = client->pump.session,
                                       .loop = &client->all->loop,
                                       .offload = offload};

    if (client->forwards == NULL && home.session != NULL &&
        nacre_session_ended(home.session) == NULL)
        client->forwards = forwards_new(client->all->config.forwarding, &home);
    return client->forwards;
}

void client_free_forwards(struct nacre_client *client)
{
    forwards_free(client->forwards);
    client->forwards = NULL;
}

/* What the program does not know itself. */
const struct nacre_channel_app *client_lookup(void *context, const char *type)
{
    const struct nacre_client *client = context;
    const struct nacre_channel_app *app = NULL;

    if (client->all->config.lookup != NULL)
        app = client->all->config.lookup(context, type);
    if (app == NULL && client->forwards != NULL)
        app = forwards_lookup(NACRE_CLIENT, type);
    return app;
}

void client_global_replied(void *context, bool granted, const uint8_t *data, size_t len)
{
    const struct nacre_client *client = context;

    if (client->forwards != NULL && forwards_replied(client->forwards, granted, data, len))
        return;
    if (client->all->config.global_replied != NULL)
        client->all->config.global_replied(context, granted, data, len);
}
