#include "connection/channel_wrap.h"

#include "connection/parts.h"

const struct nacre_channel_app *channel_current_app(const struct nacre_channel *ch)
{
    return ch->app;
}

uint32_t channel_version(const struct nacre_channel *ch)
{
    return ch->connection->config->version;
}

bool channel_wrap(struct nacre_channel *ch, const struct nacre_channel_app *app,
                  void (*unwrapped)(struct nacre_channel *ch))
{
    if (ch->unwrapped != NULL || (!ch->is_open && !ch->opening))
        return false;
    ch->app = app;
    ch->unwrapped = unwrapped;
    return true;
}

void channel_unwrap(struct nacre_channel *ch, const struct nacre_channel_app *app)
{
    ch->unwrapped = NULL;
    ch->app = app;
}

bool channel_is_question(const struct nacre_channel *ch)
{
    return ch->opening && !ch->ours;
}

void channel_call(struct nacre_channel *ch, void (*callback)(struct nacre_channel *ch))
{
    struct transport *t = ch->connection->transport;

    transport_enter(t);
    callback(ch);
    transport_leave(t);
}

void channel_wrap_end(struct nacre_channel *ch)
{
    void (*unwrapped)(struct nacre_channel *) = ch->unwrapped;

    ch->unwrapped = NULL;
    if (unwrapped != NULL)
        unwrapped(ch);
}
