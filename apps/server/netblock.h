/* The networks that clients come from: which connect now, serve a penalty, or have logged in
 * before. A table of constant size that forgets the least useful ones. It has no lock: its owner
 * holds one. */
#ifndef NACRE_APPS_SERVER_NETBLOCK_H
#define NACRE_APPS_SERVER_NETBLOCK_H

#include "apps/server/server.h"

#include <sys/socket.h>

enum { NETBLOCK_KEY_MAX = 17 /* bytes: a family, and an address masked to its network */ };

/* One source network */
struct netblock {
    uint8_t key[NETBLOCK_KEY_MAX]; /* all zero: free */
    bool penalised;                /* the penalty has reached the minimum that counts */
    uint32_t startups;             /* its connections that have not logged in */
    uint64_t penalty_until_ms;
    uint64_t last_login; /* a number that grows with each login; 0: none is remembered */
};

struct netblocks;

/* NULL: out of memory. */
struct netblocks *netblocks_new(void);
void netblocks_free(struct netblocks *n);

/* The network of an address, with as many bits as the configuration says. */
void netblock_key(uint8_t key[NETBLOCK_KEY_MAX], const struct nacre_admission *config,
                  const struct sockaddr_storage *from);

/* Does the key have an address? All clients that connect to a Unix socket share one key without. */
bool netblock_has_address(const uint8_t key[NETBLOCK_KEY_MAX]);

/* NULL: it is not in the table. */
struct netblock *netblock_find(struct netblocks *n, const uint8_t key[NETBLOCK_KEY_MAX]);

/* ... or is added, in place of a less useful one that has no connections. NULL: there is none, or
 * the key has no address; such clients are not counted per source, as in sshd. */
struct netblock *netblock_take(struct netblocks *n, const uint8_t key[NETBLOCK_KEY_MAX]);

/* A login from there. Few of those that could share a slot are remembered, so that penalties have
 * space: the oldest login of too many is forgotten. */
void netblock_remember_login(struct netblocks *n, const uint8_t key[NETBLOCK_KEY_MAX]);

/* Penalties add up and expire as time passes; below the minimum they do nothing else. */
void netblock_penalise(struct netblock *source, uint32_t ms, const struct nacre_admission *config,
                       uint64_t now_ms);
bool netblock_serves_penalty(const struct netblock *source, uint64_t now_ms);

#endif
