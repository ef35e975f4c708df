#include "apps/forward/forwards.h"

#include "apps/forward/listener.h"
#include "apps/forward/parts.h"
#include "apps/forward/remote.h"
#include "apps/session/attached.h"

#include <stdlib.h>

const struct growth forwarding_growth = {sizeof(struct nacre_forwarding), {{0}}};

struct nacre_forwards *forwards_new(const struct nacre_forwarding *policy,
                                    const struct forwards_home *home)
{
    static const struct nacre_forwarding nothing;
    struct nacre_forwards *f = calloc(1, sizeof *f);

    if (f == NULL)
        return NULL;
    f->policy = policy != NULL ? policy : &nothing;
    f->home = *home;
    session_attach(home->session, f);
    return f;
}

void forwards_free(struct nacre_forwards *f)
{
    if (f == NULL)
        return;
    session_attach(f->home.session, NULL);
    while (f->listeners != NULL)
        nacre_forward_close(f->listeners);
    remote_free_all(f);
    free(f);
}
