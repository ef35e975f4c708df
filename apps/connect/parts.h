/* What client.c (all of them, and their loop) and client_connect.c (one, up to its session) share.
 */
#ifndef NACRE_APPS_CONNECT_PARTS_H
#define NACRE_APPS_CONNECT_PARTS_H

#include "apps/runtime/address_text.h"
#include "apps/runtime/container_of.h"
#include "apps/runtime/loop.h"
#include "apps/connect/client.h"
#include "apps/session/errbuf.h"
#include "apps/runtime/pump.h"

#include <stdatomic.h>

enum {
    CLIENT_HOST_MAX = 256,
    CLIENT_SENTENCE_MAX = 1024,
};

struct nacre_clients {
    struct nacre_client_config config;
    struct nacre_endpoint *endpoint;
    struct nacre_loop loop;
    struct nacre_client *first; /* all of them, doubly linked */
    size_t count;
    struct source stopper;
    struct timer alarm;
    struct timer drained;
    int stop; /* an eventfd that the loop watches, so that it looks at stopping */
    atomic_bool stopping;
    bool stopped, out_of_time;
};

struct nacre_client {
    struct pump pump;         /* first, so that one is the other; its socket is -1 before */
    struct source connecting; /* while the socket is */
    struct timer patience;    /* ... */
    uint64_t give_up_ms;      /* ... in all, for every address of the host */
    struct task failure;      /* ended before it was connected */
    int fd;                   /* of the attempt under way, or -1 */
    struct nacre_clients *all;
    struct nacre_client *next, **link;
    void *context;
    struct addrinfo *found, *trying; /* while connecting */
    struct nacre_end why;            /* with failure */
    char *host_keys; /* the algorithms of those that are known come first; NULL: the endpoint's */
    char *sentence;  /* more to say than the session knows, or NULL */
    char host[CLIENT_HOST_MAX];
    uint16_t port;
    char address[ADDRESS_MAX];
};

/* End it before there is a session; that is told in the next turn. */
void client_give_up(struct nacre_client *client, enum nacre_cause cause, const char *text);

/* Say this instead of what the session says about its end. */
void client_say(struct nacre_client *client, const char *sentence);

/* Tell how it ended: the session's end, or there never was one. */
void client_tell_ended(struct nacre_client *client, const struct nacre_end *why);

/* It has no session and no socket: tell, and free it. */
void client_end_unconnected(struct nacre_client *client);

/* The host and port that known_hosts has it under. False with a sentence. */
bool client_known_as(const struct nacre_client *client, char host[CLIENT_HOST_MAX], uint16_t *port,
                     const struct errbuf *p);

/* The host and port of HOST:PORT; *port points into address. False with a sentence. */
bool client_read_address(const char *address, char host[CLIENT_HOST_MAX], const char **port,
                         const struct errbuf *p);

#endif
