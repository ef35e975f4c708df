#include "apps/session/attached.h"

#include "apps/session/parts.h"

void session_attach(struct nacre_session *s, void *attached)
{
    s->attached = attached;
}

struct nacre_session *nacre_channel_session(const struct nacre_channel *ch)
{
    return connection_owner(ch);
}

void *session_attached(const struct nacre_channel *ch)
{
    const struct nacre_session *s = connection_owner(ch);

    return s->attached;
}

void session_enter(struct nacre_session *s)
{
    transport_enter(s->transport);
}

void session_leave(struct nacre_session *s)
{
    transport_leave(s->transport);
}

uint32_t session_answers_due(const struct nacre_session *s)
{
    return connection_answers_due(s->connection);
}
