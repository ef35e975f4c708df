/* The forwards of one session, for the rooms that own sessions: server and connect. */
#ifndef NACRE_APPS_FORWARD_FORWARDS_H
#define NACRE_APPS_FORWARD_FORWARDS_H

#include "apps/forward/forwarding.h"
#include "transport/growth.h"

struct nacre_loop;
struct nacre_session;

/* What forwards use of their owner. */
struct forwards_home {
    void *context; /* of the session */
    struct nacre_session *session;
    struct nacre_loop *loop;
    /* Call work on another thread, and then done on the loop's: nacre_peer_offload. */
    bool (*offload)(void *context, void (*work)(void *job), void (*done)(void *job), void *job);
};

extern const struct growth forwarding_growth;

/* policy: borrowed, or NULL: the peer may ask for nothing. NULL: out of memory. They belong to the
 * session until forwards_free. */
struct nacre_forwards *forwards_new(const struct nacre_forwarding *policy,
                                    const struct forwards_home *home);

/* After the session's channels are closed. NULL is fine. */
void forwards_free(struct nacre_forwards *f);

/* The application of channels of that type, which a peer of ours opens: those that make us connect;
 * NULL: another type. It is taken for the program's, so it has only members of the first version:
 * transport/growth.h. */
const struct nacre_channel_app *forwards_lookup(enum nacre_role ours, const char *type);

/* A client's request to listen, or to stop. */
enum nacre_answer forwards_request(struct nacre_forwards *f,
                                   const struct nacre_global_request *request, uint32_t *port);

/* The server has answered a global request. True: it was one of nacre_forward_remote. */
bool forwards_replied(struct nacre_forwards *f, bool granted, const uint8_t *data, size_t len);

#endif
