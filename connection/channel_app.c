#include "connection/channel_app.h"

#include "transport/growth.h"

/* After the channel, for an older program. */
struct copy {
    struct nacre_channel_app app;
    const struct nacre_channel_app *given;
};

static const struct growth channel_app_growth = {sizeof(struct nacre_channel_app), {{0}}};

static bool has_copy(const struct connection *c)
{
    return growth_is_newer(&channel_app_growth, c->config->version);
}

size_t channel_size(const struct connection *c)
{
    return sizeof(struct nacre_channel) + (has_copy(c) ? sizeof(struct copy) : 0);
}

void channel_set_app(struct nacre_channel *ch, const struct nacre_channel_app *app)
{
    struct copy *copy = (struct copy *)(ch + 1);

    ch->app = app;
    if (!has_copy(ch->connection))
        return;
    growth_copy(&channel_app_growth, &copy->app, app, ch->connection->config->version);
    copy->given = app;
    ch->app = &copy->app;
}

const struct nacre_channel_app *channel_given_app(const struct nacre_channel *ch)
{
    const struct copy *copy = (const struct copy *)(ch + 1);

    return has_copy(ch->connection) && ch->app == &copy->app ? copy->given : ch->app;
}
