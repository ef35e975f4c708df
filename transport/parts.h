/* What a transport is made of, and what its files offer each other; for transport/ and its tests
 * alone. */
#ifndef NACRE_TRANSPORT_PARTS_H
#define NACRE_TRANSPORT_PARTS_H

#include "transport/buffer.h"
#include "transport/message.h"
#include "transport/packet.h"
#include "transport/phase.h"
#include "transport/service.h"
#include "transport/transport.h"

_Static_assert((int)TRANSPORT_OVERHEAD == (int)PACKET_OVERHEAD, "services know it by another name");

_Static_assert((int)TRANSPORT_REQUEST_MAX == (int)PACKET_MESSAGE_LARGE, "a request fits");
_Static_assert(BLOCK_LARGE + PACKET_OVERHEAD + TRANSPORT_REQUEST_MAX <= BLOCK_HUGE,
               "a large request fits beside full output and the reserve");

struct kex;
struct signature_algorithm;

enum {
    TRANSPORT_RESERVE = 16 * 1024,    /* bytes of output for replies, window adjusts and closes */
    TRANSPORT_KEXINIT_MAX = 4 * 1024, /* ... and our KEXINIT, which may follow any message */
    TRANSPORT_KEX_MS = 120 * 1000,    /* a key exchange that takes longer ends the session */
    PEER_TEXT_MAX = 256,              /* bytes kept of the text in the peer's DISCONNECT */
};

/* What is known of the peer. */
struct transport_peer {
    /* Its identification string; NULL before it was received. If it is not ASCII, the same without
     * control characters follows its NUL. */
    char *version;
    char *text;           /* of its DISCONNECT, or what a server sent before its identification;
                           * of PEER_TEXT_MAX bytes, or NULL */
    uint64_t heard_ms;    /* when its last byte was received */
    uint32_t sig_algs;    /* server-sig-algs: a bit for each row of ALGORITHM_PUBLIC_KEY */
    uint8_t lines_before; /* that the server sent before its identification */
    bool sig_algs_known;
    bool hostbound; /* the server knows publickey-hostbound-v00@openssh.com */
    bool wants_ext_info;
};

/* The host key of the first exchange. */
struct transport_host_key {
    const char *names;           /* client: in place of the configuration's, or NULL; borrowed */
    uint8_t *blob;               /* client: what the server proved to have */
    const struct nacre_key *own; /* server: what we signed with, */
    const struct signature_algorithm *own_signature; /* ... and how */
};

/* What decides whether the next message may be processed. */
struct transport_pace {
    uint64_t wait_until_ms;        /* not before; 0: at once */
    uint64_t buckets[NACRE_RATES]; /* of each rate: see rate_take */
    bool dispatching;
    bool paused;           /* a decision is pending that the next message must wait for */
    bool partial;          /* what is left of the input is the beginning of a packet */
    bool rekeyed_early[2]; /* before the login; by the role that began it */
    bool turn_over;        /* an expensive step was done: another one waits for a tick */
    bool bulk;             /* the last bytes were received in large chunks */
    bool shared;           /* several channels take turns with the output; set by the service */
};

/* Idle sessions are mostly this: the order of the members leaves no gaps. */
struct transport {
    const struct transport_config *config;
    void *context;
    void *owner;           /* for config->settle */
    void *service_self[2]; /* for config->services */
    struct pool *pool;
    uint64_t now_ms; /* of the owner's last call */

    struct buffer in, out;
    struct buffer queued; /* for the end of a key exchange; each message after its length */
    struct direction receiving, sending;
    uint8_t *wire_head; /* observe.c: the packet's first bytes as they were received, or NULL */
    uint64_t bytes_in, bytes_out;

    struct kex *kex; /* while one is in progress */
    struct nacre_negotiated negotiated;
    uint64_t keys_ms;  /* when the keys in use were agreed */
    enum phase phase;  /* what we wait for */
    enum phase resume; /* ... again when the key exchange is over */
    uint8_t session_id[SESSION_ID_MAX];

    struct transport_peer peer;
    struct transport_host_key host_key;
    struct transport_pace pace;
    struct nacre_end end; /* .cause is NACRE_OPEN until the first failure; that one stays */

    uint8_t depth;   /* of calls from outside, 2 at most: those from callbacks call nothing back */
    bool wake_due;   /* when the outermost of them ends */
    bool started[2]; /* the services */
    bool queueing;   /* from our KEXINIT to our NEWKEYS: services' messages are queued */
    uint8_t session_id_len;
    uint16_t host_key_len; /* of host_key.blob */
};

/* Begin, in zeroed memory; false: out of memory. End: wipe and release what it holds. */
bool transport_init(struct transport *t, const struct transport_config *config, struct pool *pool,
                    void *context, uint64_t now_ms);
void transport_clear(struct transport *t);

/* Wait for something else from now on, and tell the observer. No other place sets the phase. */
void transport_enter_phase(struct transport *t, enum phase phase);

/* The session waits for something else now; during a key exchange it takes effect afterwards. */
void transport_set_phase(struct transport *t, enum phase phase);

#endif
