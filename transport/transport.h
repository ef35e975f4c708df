/* The transport: bytes in, messages up; messages down, bytes out. RFC 4253.
 *
 * Server and client alike; what differs is a row of a table. No I/O: the owner puts received bytes
 * where transport_input says and sends what transport_output shows. */
#ifndef NACRE_TRANSPORT_TRANSPORT_H
#define NACRE_TRANSPORT_TRANSPORT_H

#include "crypto/random.h"
#include "transport/algorithms.h"
#include "transport/buffer.h"
#include "transport/hostkey.h"
#include "transport/limit.h"
#include "transport/message.h"
#include "transport/observer.h"
#include "transport/packet.h"
#include "transport/phase.h"
#include "transport/service.h"
#include "transport/wire.h"

struct kex;

enum {
    TRANSPORT_RESERVE = 16 * 1024,    /* bytes of output for replies, window adjusts and closes */
    TRANSPORT_REPLY_MAX = 8 * 1024,   /* bytes that the handling of one message may add at most, */
    TRANSPORT_KEXINIT_MAX = 4 * 1024, /* ... and our KEXINIT, which may follow any message */
    TRANSPORT_KEX_MS = 120 * 1000,    /* a key exchange that takes longer ends the session */
    SESSION_ID_MAX = 64,
    PEER_TEXT_MAX = 256, /* bytes kept of the text in the peer's DISCONNECT */
};

/* What does not change while a session lives; many share it. All pointers are borrowed. */
struct transport_config {
    enum nacre_role role;
    const struct random_source *random;
    const struct random_source
        *padding; /* bytes that only fill up a packet; NULL: from random too */

    /* Our preferences as name-lists, best first; NULL: the defaults of transport/algorithms.c. */
    const char *algorithms[ALGORITHM_KINDS];

    /* Server: our host keys, any number of them. */
    const struct nacre_key *const *host_keys;
    size_t host_key_count;

    /* Client: is this the key of the server we meant? The server has proved to have it. */
    bool (*host_key_accepted)(void *context, const char *algorithm, struct bytes key_blob);

    /* Rekey after so many bytes in one direction, or so long; 0: what the cipher and RFC 4253
     * section 9 ask for (1 GiB or 2^32 blocks, 1 hour). */
    uint64_t rekey_bytes, rekey_ms;

    struct nacre_limits limits; /* resolved: 0 means no limit */

    /* There is output, or input may go on, and it came about outside of a call of the owner: answer
     * by transport_process and sending soon. */
    void (*wake)(void *context);

    const struct nacre_observer *observer; /* or NULL */
};

struct transport {
    const struct transport_config *config;
    void *context; /* passed to host_key_accepted and the observer */
    struct pool *pool;
    uint64_t now_ms;             /* as the owner said last, */
    bool timely;                 /* ... in the call of its that is under way */
    uint64_t heard_ms;           /* when the last byte came */
    uint64_t rest_until_ms;      /* no message is taken before */
    uint64_t spent[NACRE_RATES]; /* of each rate: see rate_take */

    struct buffer in, out;
    struct buffer held; /* waits for the end of a key exchange; each message behind its length */
    struct direction receiving, sending;
    enum phase phase;  /* what we wait for */
    enum phase resume; /* ... again when the key exchange is over */

    struct kex *kex; /* while one is under way */
    struct nacre_negotiated negotiated;
    uint64_t keys_ms; /* when the keys in use were agreed */
    uint8_t session_id[SESSION_ID_MAX];
    uint8_t session_id_len;
    uint8_t lines_before; /* that the server sent before its identification */
    bool strict;          /* strict kex is in force */
    bool peer_ext_info;   /* the peer wants EXT_INFO */
    bool peer_ping;       /* the peer answers ping@openssh.com */
    bool heard;           /* a byte came; cleared by who wants to know of the next */
    bool dispatching;
    bool entered;        /* the owner is in a call of ours and looks at the output afterwards */
    bool paused;         /* a decision is pending that the next message must wait for */
    bool partial;        /* what is left of the input is the beginning of a packet */
    bool turn_over;      /* an expensive step was done: another one waits for a tick */
    bool bulk;           /* the last bytes came in large loads */
    bool shared;         /* several channels take turns with the output; the service's to set */
    bool peer_hostbound; /* the server knows publickey-hostbound-v00@openssh.com */
    bool peer_sig_algs_known;
    uint32_t peer_sig_algs;     /* server-sig-algs: a bit for each row of ALGORITHM_PUBLIC_KEY */
    const char *host_key_names; /* client: in place of the configuration's, or NULL; borrowed */
    uint8_t *host_key;          /* client: the blob of the first exchange's host key */
    uint16_t host_key_len;
    const struct nacre_key *own_host_key;            /* server: the first exchange's, */
    const struct signature_algorithm *own_signature; /* ... and what it signed with */
    uint8_t *peer_version; /* NUL-terminated; length in peer_version_len */
    uint8_t peer_version_len;

    const struct service *service[2]; /* SERVICE_AUTH and SERVICE_CONNECTION */
    void *service_self[2];
    bool service_started[2];

    struct nacre_end end; /* .cause is NACRE_OPEN until the first failure; that one stays */
    char *peer_text;      /* the text of the peer's DISCONNECT, of PEER_TEXT_MAX bytes, or NULL */
    uint64_t bytes_in, bytes_out;
};

enum { SERVICE_AUTH, SERVICE_CONNECTION };

/* Start: our identification is in the output afterwards. False: out of memory.
 * config, pool  must outlive the transport. */
bool transport_init(struct transport *t, const struct transport_config *config, struct pool *pool,
                    void *context, uint64_t now_ms);

/* What runs on top, once for each of SERVICE_AUTH and SERVICE_CONNECTION. */
void transport_set_service(struct transport *t, int which, const struct service *service,
                           void *self);

/* Wipe and free all. */
void transport_clear(struct transport *t);

/* ---- the owner's side: bytes ---- */

/* Where to put received bytes. *room is 0 when the input must be worked off first. */
uint8_t *transport_input(struct transport *t, size_t *room);
void transport_received(struct transport *t, size_t len);

/* Work through the input. With `blocked` false it stops as soon as the output holds a full load, so
 * that bytes can go out first; with `blocked` true (the socket takes no more) it goes on while the
 * reserve lasts. Returns true when it stopped before the input's end. */
bool transport_process(struct transport *t, bool blocked);

/* What to send; empty when there is nothing. Valid until the next call. */
struct bytes transport_output(const struct transport *t);
void transport_sent(struct transport *t, size_t len);

/* Where the output begins and ends now, counted in bytes from the start of the connection: the same
 * as what was sent, and what was sent and waits to be. */
uint64_t transport_output_begin(const struct transport *t);
uint64_t transport_output_end(const struct transport *t);

/* The connection below is gone. */
void transport_lost(struct transport *t);

/* The owner says what time it is: in the call that it makes, until that returns (timely). */
void transport_clock(struct transport *t, uint64_t now_ms);

/* Time passed. */
void transport_tick(struct transport *t, uint64_t now_ms);
/* When transport_tick wants to be called at the latest; UINT64_MAX for never. */
uint64_t transport_deadline(const struct transport *t);

/* Give idle blocks back to the pool. */
void transport_rest(struct transport *t);

/* ---- the services' side: messages ---- */

/* Begin a message of at most `room` bytes, number included; finish with transport_send. The number
 * is already written. The writer is bad, and transport_send does nothing, once the session has
 * ended. */
struct writer transport_begin(struct transport *t, uint8_t number, size_t room);

/* Seal it, or hold it until the key exchange is over. */
void transport_send(struct transport *t, const struct writer *w);

/* Bytes of payload that may be begun now by one that sends bulk data; 0 while a key exchange is
 * under way or the output is full. Replies need not ask: the reserve is theirs. */
size_t transport_room(const struct transport *t);

/* True when small messages that can wait (window adjusts, EOF, CLOSE) may be begun now, in the
 * reserve. */
bool transport_control_room(const struct transport *t);

/* True when there is room for an answer of `len` bytes that may as well not be given. */
bool transport_reply_room(const struct transport *t, uint8_t number, size_t len);

/* End the session: send DISCONNECT with that RFC 4253 section 11.1 reason. The first failure stays.
 *
 * text    fixed text, a sentence for a person
 * return  the reason, so that a handler can return it */
int transport_fail(struct transport *t, uint32_t reason, const char *text);

/* The same, with the cause that the end is reported under. */
int transport_end(struct transport *t, enum nacre_cause cause, uint32_t reason, const char *text);

bool transport_ended(const struct transport *t);

/* The session waits for something else now; during a key exchange it takes effect afterwards. */
void transport_set_phase(struct transport *t, enum phase phase);

/* The identifier of RFC 4253 section 7.2: H of the first exchange. */
struct bytes transport_session_id(const struct transport *t);

/* Client: ask for a service. */
void transport_request_service(struct transport *t, int which);

/* True once authentication may rely on confidentiality and integrity: RFC 4252 section 8. */
bool transport_is_protected(const struct transport *t);

/* Take no more messages until a decision is made; then go on. */
void transport_pause(struct transport *t);
void transport_resume(struct transport *t);

/* What was just done is expensive, a signature or a key agreement: the next message that may be so
 * too waits for transport_tick, which is due at once. One peer that sends many such steps in one
 * piece gets one a turn of the owner's, as everybody else does. */
void transport_end_turn(struct transport *t);

/* What comes next may take long: a key exchange, or bulk data. */
bool transport_is_heavy(const struct transport *t);

/* A limit was met: tell the observer. */
void transport_limit(const struct transport *t, enum nacre_limit limit);

/* The peer did what costs one of that rate: when it was one too many its next message waits. */
void transport_charge(struct transport *t, enum nacre_limit rate);

/* The same where one too many is refused instead: false. */
bool transport_affords(struct transport *t, enum nacre_limit rate);

/* Run the service: authentication is complete, or SERVICE_REQUEST was accepted. */
int transport_start_service(struct transport *t, int which);

/* The host key of the first exchange: what publickey-hostbound is bound to. */
struct bytes transport_host_key(const struct transport *t);

/* Server: the i-th of our host keys; empty past the last. */
struct bytes transport_host_key_at(const struct transport *t, size_t i);

/* Server: sign `data` with the host key of that blob; writes the signature. False: not ours. */
bool transport_prove_host_key(struct transport *t, struct bytes blob, struct bytes data,
                              struct writer *w);

/* Client: does the server say that it takes this row of ALGORITHM_PUBLIC_KEY? True while it has
 * said nothing: RFC 8308 section 3.1. */
bool transport_peer_takes(const struct transport *t, const struct algorithm *algorithm);

/* ---- inside transport/ ---- */

/* Wait for something else from now on, and tell the observer. No other place sets the phase. */
void transport_enter(struct transport *t, enum phase phase);

/* The next message may be expensive, as one before it in this turn was. */
bool transport_waits_for_turn(const struct transport *t);

/* Tell the owner that there is something to do, unless it is looking anyway. */
void transport_wake(struct transport *t);

/* generic.c: messages 1 to 19. */
int on_generic(struct transport *t, uint8_t number, struct reader *r);
int send_unimplemented(struct transport *t);

/* extension.c: RFC 8308. */
void send_ext_info(struct transport *t);
int on_ext_info(struct transport *t, struct reader *r);
int on_ping(struct transport *t, struct reader *r);

/* Out of memory. */
int transport_no_memory(struct transport *t);

/* Begin a key exchange when the keys in use are worn: RFC 4253 section 9, RFC 4344 section 3. */
void transport_rekey_if_due(struct transport *t);

/* Send what was held back during the key exchange. */
void transport_release_held(struct transport *t);

/* Give back what holds it, wiped: a password may have waited there. */
void transport_clear_held(struct transport *t);

/* Our names of a kind: the configured list or the default, written without a length. */
void write_our_names(const struct transport *t, struct writer *w, enum algorithm_kind kind);

#endif
