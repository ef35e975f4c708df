/* What runs on top of the transport, and what it may call. RFC 4253 section 10.
 *
 * Calls go down as the functions here; what goes up goes through struct service. */
#ifndef NACRE_TRANSPORT_SERVICE_H
#define NACRE_TRANSPORT_SERVICE_H

#include "transport/limit.h"
#include "transport/message.h"
#include "transport/wire.h"

struct algorithm;
struct pool;
struct transport;

enum { SERVICE_AUTH, SERVICE_CONNECTION };

enum {
    TRANSPORT_REPLY_MAX = 8 * 1024, /* bytes of output that handling one message may add at most */
    TRANSPORT_OVERHEAD = 104,       /* ... of which a packet may take these beside its message */
    TRANSPORT_MESSAGE_MAX = 34 * 1024,      /* bytes of a message that is not a large request, */
    TRANSPORT_REQUEST_MAX = 256 * 1024 - 9, /* ... and of one that is */
    TRANSPORT_HOST_KEY_MAX = 4096,          /* bytes of a host key's blob */
    SESSION_ID_MAX = 64,                    /* bytes: a SHA-512 */
};

struct service {
    const char *name; /* as in SERVICE_REQUEST: "ssh-userauth" */

    /* Both sides agreed to run it. */
    int (*start)(void *self);

    /* A message in its range; `message` and all views into it end with the call. Returns 0, or what
     * transport_fail returned. */
    int (*receive)(void *self, uint8_t number, struct reader *message);
};

/* ---- calls from outside the library ---- */

/* Every public function that changes a session is between these two, which nest: a callback may
 * call another one. Callbacks that the function brings about are called last, by the outermost
 * transport_leave, through the owner's `settle`. It may free the session, so nothing of it may be
 * touched afterwards. transport_enter returns true when it is the outermost. */
bool transport_enter(struct transport *t);
void transport_leave(struct transport *t);

/* What transport_set_owner was called with. */
void *transport_owner(const struct transport *t);

/* There is something for the owner to do: output, or input that can be processed. */
void transport_wake(struct transport *t);

/* ---- messages ---- */

/* Begin a message of at most `room` bytes, number included; finish with transport_send. The number
 * is already written. The writer is bad, and transport_send does nothing, once the session has
 * ended. */
struct writer transport_begin(struct transport *t, uint8_t number, size_t room);

/* True when a message of `len` bytes that may be larger than TRANSPORT_MESSAGE_MAX may be begun
 * now: a request of an application. One such message at a time is in the output; all others are
 * smaller, so that every peer accepts them: RFC 4253 section 6.1. */
bool transport_request_room(const struct transport *t, size_t len);

/* Encrypt it, or queue it until the key exchange is over. */
void transport_send(struct transport *t, const struct writer *w);

/* Bytes of payload that a bulk transfer may begin now; 0 during a key exchange and while the output
 * is full. Replies use the reserve and need not check. */
size_t transport_room(const struct transport *t);

/* True when small messages that can wait (window adjusts, EOF, CLOSE) may be begun now, in the
 * reserve. */
bool transport_control_room(const struct transport *t);

/* True when there is room for an optional answer of `len` bytes. */
bool transport_reply_room(const struct transport *t, uint8_t number, size_t len);

/* Positions in the output, in bytes since the connection began: up to where it was sent, and up to
 * where it is written. */
uint64_t transport_output_begin(const struct transport *t);
uint64_t transport_output_end(const struct transport *t);

/* Several channels take turns with the output, so less of it is filled at a time. */
void transport_share_output(struct transport *t, bool shared);

/* ---- the end ---- */

/* End the session: send DISCONNECT with that RFC 4253 section 11.1 reason. The first failure
 * sticks.
 *
 * text    fixed text, a sentence for a person
 * return  the reason, so that a handler can return it */
int transport_fail(struct transport *t, uint32_t reason, const char *text);

/* The same for a message that cannot be read: PROTOCOL_ERROR. text: "NEWKEYS is malformed" */
int transport_malformed(struct transport *t, const char *text);

/* The same, with the cause to report. */
int transport_end(struct transport *t, enum nacre_cause cause, uint32_t reason, const char *text);

/* Out of memory. */
int transport_no_memory(struct transport *t);

bool transport_ended(const struct transport *t);

/* ---- the course of the session ---- */

/* Run the service: SERVICE_REQUEST was accepted, or authentication is complete. */
int transport_start_service(struct transport *t, int which);

/* The name of a service that the owner set. */
const char *transport_service_name(const struct transport *t, int which);

/* Authentication is complete: from now on the messages of the connection protocol are legal. */
void transport_authenticated(struct transport *t);

/* Process no more messages until a decision is made; then continue. */
void transport_pause(struct transport *t);
void transport_resume(struct transport *t);

/* The step just done was expensive, a signature or a key agreement: the next message that may be
 * expensive too waits for transport_tick, which is due at once. A peer that sends many such steps
 * in one piece gets one of them per loop iteration, like any other. */
void transport_end_turn(struct transport *t);

/* A limit was reached: tell the observer. */
void transport_limit_reached(const struct transport *t, enum nacre_limit limit);

/* The peer did something that takes so many tokens of that rate: its next message waits when there
 * were too few. */
void transport_charge(struct transport *t, enum nacre_limit rate, uint32_t tokens);

/* The same for one token, where one too many is refused instead: false. */
bool transport_affords(struct transport *t, enum nacre_limit rate);

/* ---- facts ---- */

enum nacre_role transport_role(const struct transport *t); /* ours */
enum nacre_role transport_peer_role(const struct transport *t);
const struct nacre_limits *transport_limits(const struct transport *t);
struct pool *transport_pool(const struct transport *t);

uint64_t transport_now_ms(const struct transport *t); /* of the owner's last call */
/* When the last byte was received; while a rate delays the peer's input, when the delay ends: until
 * then the peer may have to wait for our answer. */
uint64_t transport_heard_ms(const struct transport *t);
uint64_t transport_bytes_in(const struct transport *t); /* received since the connection began */

/* The peer's identification, RFC 4253 section 4.2; "" before it was received. */
const char *transport_peer_version(const struct transport *t);

/* The identifier of RFC 4253 section 7.2: H of the first exchange; empty before that. */
struct bytes transport_session_id(const struct transport *t);

/* True once authentication may rely on confidentiality and integrity: RFC 4252 section 8. */
bool transport_is_protected(const struct transport *t);

/* The host key of the first exchange: what publickey-hostbound is bound to. */
struct bytes transport_host_key(const struct transport *t);

/* Server: the i-th of our host keys; empty past the last. */
struct bytes transport_host_key_at(const struct transport *t, size_t i);

/* Server: sign `data` with the host key of that blob; writes the signature. False: not ours. */
bool transport_prove_host_key(struct transport *t, struct bytes blob, struct bytes data,
                              struct writer *w);

/* Write our name-list of signature algorithms for user keys, without a length. */
void transport_write_public_key_names(const struct transport *t, struct writer *w);

/* Client: does the server say that it accepts this row of ALGORITHM_PUBLIC_KEY? True when it did
 * not send server-sig-algs: RFC 8308 section 3.1. */
bool transport_peer_takes(const struct transport *t, const struct algorithm *algorithm);

/* Client: the server knows publickey-hostbound-v00@openssh.com. */
bool transport_peer_is_hostbound(const struct transport *t);

#endif
