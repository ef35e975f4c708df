/* The transport as its owner sees it: bytes in, bytes out, time. RFC 4253 section 4; section 4.1,
 * the connection below, is the owner's.
 *
 * The same for server and client; where they differ there is a row in a table. The transport does
 * no I/O: the owner puts received bytes where transport_input says and sends what transport_output
 * shows. What the services above it call is in transport/service.h, which the owner may call too.
 */
#ifndef NACRE_TRANSPORT_TRANSPORT_H
#define NACRE_TRANSPORT_TRANSPORT_H

#include "crypto/bytes.h"
#include "transport/algorithms.h"
#include "transport/limit.h"
#include "transport/observer.h"

struct nacre_key;
struct pool;
struct random_source;
struct service;
struct transport;

/* What does not change while a session lives; sessions share it. All pointers are borrowed. */
struct transport_config {
    enum nacre_role role;
    const struct random_source *random;
    const struct random_source *padding; /* for padding bytes; NULL: `random` provides them too */

    /* Our preferences as name-lists, best first; NULL: the defaults of transport/algorithms.c. */
    const char *algorithms[ALGORITHM_KINDS];

    /* Server: our host keys, any number of them. */
    const struct nacre_key *const *host_keys;
    size_t host_key_count;

    /* Client: is this the key of the server we meant? The server has proved that it has it.
     * NACRE_LATER: transport_host_key_answered says so. */
    enum nacre_answer (*host_key_accepted)(void *context, const char *algorithm, const uint8_t *key,
                                           size_t len);

    /* Client: text that the server sends before its identification, a line at a time, without
     * control characters but CR LF at its end. Or NULL. */
    void (*banner)(void *context, const char *text);

    /* End a session whose peer does not offer strict key exchange. */
    bool require_strict_kex;

    /* Rekey after this many bytes in one direction, or this long; 0: what the cipher and RFC 4253
     * section 9 require (1 GiB or 2^32 blocks, 1 hour). */
    uint64_t rekey_bytes, rekey_ms;

    struct nacre_limits limits; /* resolved: 0 means no limit */

    /* What runs on top: [SERVICE_AUTH] and [SERVICE_CONNECTION]; NULL for none. */
    const struct service *services[2];

    /* Called with the owner when an outermost call that is not the owner's is complete: it calls
     * the callbacks that are due, then transport_settled. NULL: it only ends the call. */
    void (*settle)(void *owner);

    const struct nacre_observer *observer; /* or NULL */
};

/* Server: can one of the host keys be used with one of the host key algorithms? */
bool transport_has_host_key(const struct transport_config *config);

/* A new transport; our identification is in its output. NULL: out of memory.
 * config, pool  must outlive it
 * context       passed to the functions of config and to the observer */
struct transport *transport_new(const struct transport_config *config, struct pool *pool,
                                void *context, uint64_t now_ms);

/* Wipe and free it. NULL is allowed. */
void transport_free(struct transport *t);

/* What the functions of each service are called with. */
void transport_set_service(struct transport *t, int which, void *self);

/* What config->settle is called with. */
void transport_set_owner(struct transport *t, void *owner);

/* Client: the name-list of host key algorithms in place of the configuration's; borrowed. */
void transport_set_host_key_names(struct transport *t, const char *names);

/* Client: the answer to host_key_accepted. Does nothing when no such question is open. */
void transport_host_key_answered(struct transport *t, bool accepted);

/* Send KEXINIT without waiting for the peer's identification: a server may, RFC 4253 section 5.1.
 */
void transport_begin_first_exchange(struct transport *t);

/* ---- the owner's calls ---- */

/* Is a call in progress? Then this one comes from inside a callback. */
bool transport_is_entered(const struct transport *t);

/* What was due is done, and the call that entered last ends here. The owner's own calls end with
 * this instead of transport_leave. */
void transport_settled(struct transport *t);

/* True when transport_wake was called since the last time, or since the outermost call began. */
bool transport_take_wake(struct transport *t);

/* The time of the owner's current call. */
void transport_clock(struct transport *t, uint64_t now_ms);

/* Time passed: do what is due. */
void transport_tick(struct transport *t, uint64_t now_ms);
/* When transport_tick must be called at the latest; UINT64_MAX for never. */
uint64_t transport_deadline(const struct transport *t);

/* Where to put received bytes; *room is 0 when the input must be processed first, and inside a
 * callback that is shown a message. */
uint8_t *transport_input(struct transport *t, size_t *room);
void transport_received(struct transport *t, size_t len);

/* Process the input. With `blocked` false it stops as soon as the output holds a full chunk, so
 * that bytes can be sent first; with `blocked` true (the socket accepts no more) it continues while
 * the reserve lasts. Returns true when it stopped before the end of the input. */
bool transport_process(struct transport *t, bool blocked);

/* What to send; empty when there is nothing. Valid until the next call. */
struct bytes transport_output(const struct transport *t);
void transport_sent(struct transport *t, size_t len);

/* The connection below is lost. */
void transport_lost(struct transport *t);

/* Bytes of input that wait to be processed. */
size_t transport_input_waiting(const struct transport *t);

/* Bytes of the block that input has, or needs next, for a packet that does not fit into a large
 * block; 0: none. */
size_t transport_input_huge_block(const struct transport *t);

/* Return idle blocks to the pool. */
void transport_release_idle(struct transport *t);

/* Begin a key exchange if one is due: RFC 4253 section 9. */
void transport_begin_rekey_if_due(struct transport *t);

/* Begin a key exchange, unless one is in progress or no service runs yet: RFC 4253 section 9. */
void transport_rekey(struct transport *t);

/* ---- facts ---- */

/* What comes next may take long: a key exchange, or a bulk transfer. */
bool transport_is_long_running(const struct transport *t);

/* A key exchange is in progress that is not the first. */
bool transport_is_rekeying(const struct transport *t);

/* The beginning of a packet has been received and its end has not. *seq: its sequence number, also
 * when false. */
bool transport_in_packet(const struct transport *t, uint32_t *seq);

/* How it ended; .cause is NACRE_OPEN while it has not. Its text lives as long as the transport. */
const struct nacre_end *transport_how_ended(const struct transport *t);

const char *transport_phase_name(const struct transport *t); /* static text */

/* The algorithms in use; names are NULL before the first key exchange. */
const struct nacre_negotiated *transport_negotiated(const struct transport *t);

/* Bytes sent since the connection began; those received: transport/service.h. */
uint64_t transport_bytes_out(const struct transport *t);

#endif
