/* Both ends of a connection in memory: a server session and a client session with seeded
 * randomness, a virtual clock, and a network that can split and stop. */
#ifndef NACRE_TESTS_SUPPORT_PAIR_H
#define NACRE_TESTS_SUPPORT_PAIR_H

#include "apps/session/session.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "tests/support/traced.h"
#include "transport/key_pair.h"

enum { PAIR_LOG_MAX = 4096 };

struct pair;

/* One end, and what happened there. */
struct end {
    struct pair *pair;
    struct nacre_endpoint *endpoint;
    struct nacre_session *session;
    struct random_seeded seed;
    struct random_source random;
    uint8_t *wire; /* bytes in flight to the other end */
    size_t wire_head, wire_len, wire_cap;
    uint8_t *record; /* all bytes sent, if the pair records */
    size_t record_cap;
    uint64_t sent;          /* bytes */
    struct hash digest;     /* SHA-256 of all bytes sent: the same seed gives the same bytes */
    char log[PAIR_LOG_MAX]; /* "open;request shell;data 5;eof;close;closed peer closed;" */
    bool ended;
    struct nacre_end why;
    char why_text[256];
    bool authenticated;
    unsigned wakes;                 /* how often it called `wake` */
    struct nacre_observer observer; /* looks at every message, then calls that of the config */
    const struct nacre_observer *observed_by; /* the config's, or NULL */
    struct traced traced;
};

struct pair {
    struct nacre_endpoint_config server_config, client_config;
    struct nacre_limits server_limits, client_limits; /* of these */
    struct nacre_key host_key, user_key, other_key;
    const struct nacre_key *host_keys[1], *user_keys[1];
    struct nacre_channel_app server_app, client_app;
    struct nacre_auth_policy policy;
    struct end server, client;
    uint64_t now_ms;
    size_t chunk;      /* bytes the network delivers at a time; 0: all */
    bool records;      /* keep what each end sends */
    bool client_reads; /* the network accepts the server's output; true at first */
    /* What the client received on its channel: data and extended data. */
    uint8_t *got;
    size_t got_len, got_cap;
    int replies_good, replies_bad;
    void *user; /* for the test */
};

/* Limits without delays, for tests in which no time passes. pair_init sets them for the server. */
extern const struct nacre_limits unhurried;

/* Fill in defaults: password "secret" for alice, user_key authorised, echo applications on both
 * sides. Change the configs before pair_start. */
void pair_init(struct pair *p, uint8_t seed);
void pair_start(struct pair *p);
void pair_clear(struct pair *p);

/* One end alone. False: no memory for a session. end_stop checks that all its memory was released;
 * pair_free releases what belongs to neither end. */
bool end_start(struct end *e, const struct nacre_endpoint_config *config);
void end_stop(struct end *e);
void pair_free(struct pair *p);

/* Deliver bytes until none are left. */
void pair_run(struct pair *p);

/* One delivery each way. True when something moved. */
bool pair_step(struct pair *p);

/* Let time pass, and tick both ends. */
void pair_pass(struct pair *p, uint64_t ms);

/* Run until the client is logged in, and open a session channel. */
struct nacre_channel *pair_open(struct pair *p);

/* Put bytes on the wire as if the end had sent them; hold: move its output to the wire without
 * delivering it. */
void end_hold(struct end *e);

/* Tick it if its deadline has passed. False: it has not. */
bool end_go_on(struct end *e);

/* Append to an end's log. */
void end_note(struct end *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
