/* What all forwards of a session need: counts, events, places. */
#include "apps/forward/parts.h"

#include "apps/runtime/address_text.h"
#include "apps/session/number.h"

#include <string.h>

enum { CONNECTIONS_MAX = 256 };

bool forwards_begin(struct nacre_forwards *f)
{
    uint32_t most = f->policy->connections_max;

    if (f->connections >= (most != 0 ? most : CONNECTIONS_MAX) ||
        (f->policy->begin != NULL && !f->policy->begin(f->home.context)))
        return false;
    f->connections++;
    return true;
}

void forwards_end(struct nacre_forwards *f)
{
    f->connections--;
    if (f->policy->end != NULL)
        f->policy->end(f->home.context);
}

void forwards_event(const struct nacre_forwards *f, enum nacre_forward_event event,
                    const struct nacre_target *target, const char *text)
{
    if (f->policy->event != NULL)
        f->policy->event(f->home.context, event, target, text);
}

bool forwards_place(struct nacre_target *target, const char *place)
{
    const char *digits;
    uint16_t port;

    *target = (struct nacre_target){.is_path = strchr(place, '/') != NULL};
    if (target->is_path && strlen(place) < sizeof target->host) {
        memcpy(target->host, place, strlen(place) + 1);
        return true;
    }
    if (target->is_path || !address_split(place, target->host, sizeof target->host, &digits) ||
        !number_port(digits, &port))
        return false;
    target->port = port;
    return true;
}
