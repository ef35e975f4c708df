/* The structs that the files of this room share: clients on one loop, and one of them. */
#ifndef NACRE_APPS_CONNECT_PARTS_H
#define NACRE_APPS_CONNECT_PARTS_H

#include "apps/connect/client.h"
#include "apps/runtime/address_text.h"
#include "apps/session/container_of.h"
#include "apps/runtime/loop.h"
#include "apps/runtime/offload.h"
#include "apps/runtime/pump.h"
#include "apps/session/errbuf.h"

#include <stdatomic.h>

enum {
    SENTENCE_MAX = 1024,
    CLIENT_ADDRESS_MAX = 128, /* bytes of "unix:PATH", which is longer than ADDRESS_MAX */
};

struct signing;

struct nacre_clients {
    struct nacre_client_config config; /* complete; these are what it points to: */
    struct nacre_forwarding forwarding;
    struct nacre_observer observer;
    struct nacre_memory memory, secrets;
    struct nacre_limits limits;
    struct nacre_endpoint *endpoint;
    struct nacre_loop loop;
    struct nacre_client *first; /* all of them, doubly linked */
    size_t count;
    struct source wakeup_source, mail;
    struct nacre_mailbox *mailbox; /* the loop's, once it is made */
    struct timer wait_timer;       /* ends nacre_clients_run_once */
    struct timer drain_timer;      /* ends nacre_clients_run after nacre_clients_stop */
    struct nacre_offload *threads; /* that look up names; NULL: none were needed yet */
    int wakeup;           /* an eventfd that the loop watches; `stopping` is checked then */
    atomic_bool stopping; /* nacre_clients_stop was called, */
    bool stopped;         /* ... and acted on: no new connections */
    bool drained;         /* the time for that is over */
    bool busy;            /* the loop runs, or clients_end_all: do not free now */
    bool freeing;         /* nacre_clients_free was called */
};

struct nacre_client {
    struct pump pump;         /* its socket is -1 and its loop NULL before the connection is up */
    struct source connecting; /* the socket of the current attempt: */
    int fd;                   /* ... or -1 */
    struct timer connect_timer;
    struct signing *signing;         /* by an agent, or NULL */
    struct nacre_forwards *forwards; /* of its session; NULL: none were needed yet */
    uint64_t give_up_ms;             /* for all addresses of the host together */
    struct task failure;             /* it has ended before it was connected: */
    struct nacre_end why;
    struct nacre_clients *all;
    struct nacre_client *next, **link;
    void *context;
    struct nacre_client_login login; /* its text is the client's; no user: the configuration's */
    void (*ask)(struct nacre_client *client, const struct nacre_ask *ask); /* or NULL */
    char *known_as;                  /* or NULL: as it is called in the address */
    struct addrinfo *found, *trying; /* while connecting */
    char *host_keys; /* host key algorithms, those of known keys first; NULL: the endpoint's */
    char *question;  /* the sentence about the host key in `host_key`; or NULL */
    char *sentence;  /* replaces the text of the session's end; or NULL */
    char host[HOST_MAX];
    uint16_t port;
    char address[CLIENT_ADDRESS_MAX];
    char local_address[ADDRESS_MAX];
};

#endif
