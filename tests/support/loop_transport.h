/* Transports without sessions or sockets: one end that a test feeds, or two ends that feed each
 * other. */
#ifndef NACRE_TESTS_SUPPORT_LOOP_TRANSPORT_H
#define NACRE_TESTS_SUPPORT_LOOP_TRANSPORT_H

#include "crypto/random.h"
#include "tests/support/traced.h"
#include "transport/key_pair.h"
#include "transport/parts.h"

enum { LOOP_SEEN_MAX = 8192 };

/* A message as the observer saw it. */
struct loop_message {
    enum nacre_direction direction;
    uint8_t number;
    uint32_t seq;
    const char *phase;
};

/* One real transport. Its services only record what they receive. */
struct loop_end {
    struct transport transport;
    struct transport_config config; /* may be changed between init and start */
    struct nacre_observer observer;
    struct pool pool;
    struct random_seeded seed;
    struct random_source random;
    struct nacre_key host_key;
    const struct nacre_key *host_keys[1];
    bool host_key_is_known; /* whether the client accepts the server's key; true at first */

    size_t allocations, fail_at; /* fail_at: the allocation that fails, counted from 1; 0: none */
    int wakes;

    struct traced traced;
    struct loop_message seen[LOOP_SEEN_MAX];
    size_t seen_count;
    struct nacre_negotiated negotiated; /* of the last exchange */
    int exchanges;
    char phases[512]; /* the phases that the observer saw: "kexinit kex newkeys ..." */

    bool started[2];                 /* by service */
    uint8_t received[LOOP_SEEN_MAX]; /* message numbers that the services received */
    size_t received_count;
    /* Called for each of these; may be NULL. */
    int (*on_message)(struct loop_end *end, uint8_t number, struct reader *r);
};

void loop_end_init(struct loop_end *e, enum nacre_role role);
bool loop_end_start(struct loop_end *e);
/* Also checks that all memory was released. */
void loop_end_clear(struct loop_end *e);

/* Receive and process bytes, `chunk` at a time (0: as many as fit). */
void loop_end_receive(struct loop_end *e, struct bytes input, size_t chunk);

/* The number of messages with this number in that direction. */
size_t loop_end_count(const struct loop_end *e, enum nacre_direction direction, uint8_t number);

/* Enter the phase CONNECTION, as after a login. */
void loop_end_log_in(struct loop_end *e);

/* Put a message into the output in any phase, as a hostile peer would. */
void loop_end_inject(struct loop_end *e, struct bytes payload);

/* Send a message as services do: its number, then a string of `len` bytes. */
void loop_end_send(struct loop_end *e, uint8_t number, size_t len);

/* Fill that buffer of the transport up to so many bytes, with anything. */
void loop_occupy(struct transport *t, struct buffer *b, size_t len);

struct loop {
    struct loop_end server, client;
    size_t chunk; /* bytes that arrive at a time; 0: all */
};

void loop_open(struct loop *l);
void loop_start(struct loop *l);
/* Move bytes until nothing moves. */
void loop_run(struct loop *l);
/* Start both and run until they are logged in. */
void loop_connect(struct loop *l);
void loop_close(struct loop *l);

#endif
