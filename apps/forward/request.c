/* What the peer asks for, by channel or by global request. RFC 4254 section 7; PROTOCOL section
 * 2.4. */
#include "apps/forward/connect.h"
#include "apps/forward/forwards.h"
#include "apps/forward/listener.h"
#include "apps/forward/parts.h"
#include "apps/forward/remote.h"
#include "apps/session/attached.h"

#include <string.h>

static enum nacre_answer prohibited(struct nacre_channel *ch)
{
    nacre_channel_refuse_open(ch, NACRE_REASON_PROHIBITED, "forwarding there is not allowed");
    return NACRE_REFUSE;
}

/* ---- on a server: direct-tcpip, direct-streamlocal@openssh.com ---- */

static enum nacre_answer direct_open(struct nacre_channel *ch)
{
    struct nacre_forwards *f = session_attached(ch);
    const struct nacre_target *target = nacre_channel_target(ch);

    if (f == NULL || target == NULL || f->policy->may_connect == NULL ||
        !f->policy->may_connect(f->home.context, target))
        return prohibited(ch);
    return connect_channel(f, ch, target);
}

/* ---- on a client: forwarded-tcpip, forwarded-streamlocal@openssh.com ---- */

static enum nacre_answer forwarded_open(struct nacre_channel *ch)
{
    struct nacre_forwards *f = session_attached(ch);
    const struct nacre_target *to = NULL, *at = nacre_channel_target(ch);

    if (f != NULL && at != NULL)
        to = remote_find(f, at);
    return to != NULL ? connect_channel(f, ch, to) : prohibited(ch);
}

const struct nacre_channel_app *forwards_lookup(enum nacre_role ours, const char *type)
{
    static const struct nacre_channel_app direct = {.open = direct_open};
    static const struct nacre_channel_app forwarded = {.open = forwarded_open};

    if (ours == NACRE_SERVER &&
        (strcmp(type, "direct-tcpip") == 0 || strcmp(type, "direct-streamlocal@openssh.com") == 0))
        return &direct;
    if (ours == NACRE_CLIENT && (strcmp(type, "forwarded-tcpip") == 0 ||
                                 strcmp(type, "forwarded-streamlocal@openssh.com") == 0))
        return &forwarded;
    return NULL;
}

/* ---- on a server: tcpip-forward, streamlocal-forward@openssh.com, and their ends ---- */

static enum nacre_answer listen_for(struct nacre_forwards *f, const struct nacre_target *where,
                                    uint32_t *port)
{
    const struct listener_config config = {
        .type = where->is_path ? "forwarded-streamlocal@openssh.com" : "forwarded-tcpip",
        .where = *where,
        .gateway = f->policy->gateway_ports,
        .for_peer = true,
    };
    const struct nacre_forward_listener *l;
    const char *failure;

    if (f->policy->may_listen == NULL || !f->policy->may_listen(f->home.context, where))
        return NACRE_REFUSE;
    l = listener_open(f, &config, &failure);
    if (l == NULL) {
        forwards_event(f, NACRE_FORWARD_FAILED, where, failure);
        return NACRE_REFUSE;
    }
    *port = nacre_forward_target(l)->port;
    return NACRE_GRANT;
}

enum nacre_answer forwards_request(struct nacre_forwards *f,
                                   const struct nacre_global_request *request, uint32_t *port)
{
    struct nacre_target where = {.port = request->port,
                                 .is_path = strstr(request->name, "streamlocal") != NULL};
    struct nacre_forward_listener *l;

    memcpy(where.host, request->host, sizeof where.host);
    if (request->kind == NACRE_GLOBAL_FORWARD)
        return listen_for(f, &where, port);
    if (request->kind != NACRE_GLOBAL_CANCEL_FORWARD)
        return NACRE_REFUSE;
    l = listener_find(f, &where);
    nacre_forward_close(l);
    return l != NULL ? NACRE_GRANT : NACRE_REFUSE;
}
