/* Our end of a connection, and what a case may use of it: everything here is sticky. After the
 * connection has ended, or after a need was not met, each function does nothing, so that a case
 * reads like its clause. */
#ifndef NACRE_APPS_SPEC_PEER_H
#define NACRE_APPS_SPEC_PEER_H

#include "apps/spec/case.h"
#include "apps/spec/child.h"
#include "apps/spec/conn.h"
#include "apps/spec/intent.h"
#include "apps/spec/kexinit.h"
#include "apps/spec/legal.h"
#include "apps/spec/outcome.h"
#include "apps/spec/packet.h"
#include "apps/spec/setting.h"
#include "apps/spec/watch.h"
#include "crypto/random.h"

/* How far the conforming steps have come: what happens next. */
enum reached {
    AT_IDENT,   /* we send our identification */
    AT_KEXINIT, /* theirs has arrived; we send ours */
    AT_SHARE,   /* both are known; we send our share */
    AT_REPLY,   /* the server's share and signature arrive */
    AT_NEWKEYS, /* H is verified; we send NEWKEYS */
    AT_SERVICE, /* both NEWKEYS were sent; we request the service */
    AT_AUTH,    /* we log in */
    AT_LOGIN,   /* logged in */
};

enum {
    SLOW_TIMES = 100,    /* how much longer a slow case may take */
    IDENT_MAX = 2048,    /* bytes of an identification */
    CHANNELS_MAX = 1100, /* of ours at once */
    PROBLEM_MAX = 160,
    SCRATCH_ROOM = 2 * KEXINIT_ROOM + 65536,
    FENCE_CHANNEL = 0xfe9ce00, /* and following: the channels that fences ask for */
};

#define FENCE_NAME "fence@nacre-spec"

/* The key exchange in progress. */
struct exchange {
    struct kexinit ours, theirs;
    struct bytes payload[2]; /* the KEXINITs as they were sent, by role: I_C and I_S */
    struct negotiated chosen;
    void *state;                    /* of the method, for `finish` */
    const struct kex_method *share; /* the method that our share belongs to */
    struct bytes own_share, their_share;
    struct gex *gex;                    /* group exchange: the group; NULL: another method */
    uint8_t secret[KEX_SECRET_MAX + 8]; /* K as it enters the hash */
    size_t secret_len;
    uint8_t hash[HASH_MAX]; /* H */
    size_t hash_len;
    struct bytes host_key;       /* the blob of the server's key */
    bool ours_sent, theirs_came; /* the KEXINITs */
    bool keeps_secret;           /* send_share_bytes() does not change K */
    bool signature_skipped;      /* by an algorithm that we cannot verify */
};

/* A channel of ours. */
struct spec_channel {
    uint32_t number; /* ours */
    uint32_t peer;   /* theirs */
    uint32_t window; /* what the peer may still send, bytes */
    uint32_t max_packet;
    uint64_t peer_window; /* what we may still send; 64 bits, so that an overflow is seen */
    uint32_t peer_max_packet;
    struct bytes received; /* all data but stderr */
    size_t received_size;
    uint64_t received_stderr;
    bool asked; /* we sent the CHANNEL_OPEN */
    bool open, refused, got_eof, got_close, sent_eof, sent_close, own_window;
    uint32_t open_reason; /* of OPEN_FAILURE */
    uint32_t exit_status;
    char exit_signal[32];
    bool has_exit_status;
    bool program_asked, program_reply; /* a client's request for a program is not answered yet */
    char program[32];                  /* "exec" */
};

enum { OPENED_MAX = 16 };

/* A CHANNEL_OPEN of the client's that was not answered yet. */
struct opened {
    char type[32];
    uint32_t number, window, max_packet;
};

/* How we answer a client. */
struct serving {
    const char *methods;  /* that a USERAUTH_FAILURE lists */
    const char *ext_info; /* server-sig-algs of the EXT_INFO after NEWKEYS; NULL: none is sent */
    uint32_t group_bits;  /* of a group exchange, if the client permits it; 0: what it prefers */
    uint32_t failures;    /* so many correct requests are refused first */
    bool accept_none;     /* SUCCESS for "none" */
    bool no_ext_info;
    bool ext_before_success; /* EXT_INFO right before SUCCESS too */
    bool grants_forward;     /* tcpip-forward succeeds */
    const char *then;        /* after the first method, this one is needed too; or NULL */
    const char *password;    /* other than the profile's; or NULL */
};

struct context_kex;
struct inflater;

enum traced_kind {
    TRACED_MESSAGE,
    TRACED_IDENTIFICATION, /* a line of RFC 4253 section 4.2 */
    TRACED_SECRET,         /* a key: `label` */
    TRACED_HASH,           /* H, and K in `secret` */
};

/* A message that was sent or received, or what else is in the trace. */
struct traced {
    enum traced_kind kind;
    uint64_t us, conn; /* conn: number of the connection, from 1 */
    bool out;
    bool marked; /* the case's own step */
    uint32_t number;
    const struct context_kex *kex; /* the method of the exchange, to show its messages; or NULL */
    struct bytes payload;
    struct bytes packet; /* ... as it was on the wire; empty: not kept */
    struct bytes secret;
    char label;
};

struct gex;
struct block; /* memory of a connection, released with it */

struct peer {
    enum nacre_role role; /* ours */
    const struct spec_case *row;
    const struct setting *setting;

    struct conn conn;
    uint64_t connections; /* until now, with this one: a case may have several */
    struct packet_way sending, receiving;
    struct random_seeded seed;
    struct random_source random;
    uint64_t began, deadline; /* of the whole case */
    uint64_t step;            /* the longest that one wait may take, microseconds */
    uint64_t longest;         /* the longest wait so far */

    char ident[2][IDENT_MAX]; /* V_C and V_S by role, without CR LF */
    size_t ident_len[2];
    bool ident_came;
    enum reached reached;
    bool first_done; /* the first exchange is complete */
    bool strict;
    struct inflater *inflater; /* of what comes; NULL: it is not compressed */
    bool deflating;            /* what we send is compressed, */
    bool deflate_begun;        /* ... and the stream has begun */
    bool success_came;         /* USERAUTH_SUCCESS: zlib@openssh.com is on */
    uint8_t session_id[HASH_MAX];
    size_t session_id_len;
    struct exchange x;
    bool in_exchange; /* from the first KEXINIT to the second NEWKEYS */

    /* What the case chooses. Offers, before reach(AT_SHARE): p->x.ours. */
    bool offered_ext_info; /* in the first KEXINIT */
    int padding;           /* PADDING_SHORT, PADDING_LONG */
    bool bulk;             /* much data comes: it is not kept, and not traced */
    bool quiet;            /* next() does not answer the peer's requests or its KEXINIT */

    struct bytes got; /* the last message, payload */
    uint32_t got_number;
    uint8_t last_number;            /* the last packet's message number */
    bool conforming;                /* reach() and go_on() are sending, not the case */
    bool rekey_refused;             /* it was answered with UNIMPLEMENTED */
    uint32_t kexinit_number;        /* sequence number of our last KEXINIT */
    uint32_t first_step, last_step; /* sequence numbers of what the case sent, for unimpl(seq) */
    bool disconnected;              /* a DISCONNECT arrived */
    bool timed_out;                 /* a wait ended without an answer */
    bool garbled;                   /* a packet could not be read */
    bool ext_info;                  /* EXT_INFO arrived */
    char sig_algs[1024];            /* of EXT_INFO */
    bool offers_ping, offers_hostbound;
    bool fencing;             /* a fence was sent, and its answer has not come */
    bool fence_unimplemented; /* the last fence's answer was UNIMPLEMENTED */
    uint32_t fences;          /* that were sent */
    uint32_t replies_to_skip; /* REQUEST_FAILURE that next() does not return */
    char methods[256];        /* of the last USERAUTH_FAILURE */
    bool partial;
    struct bytes padding_seen; /* of the last encrypted packet */
    bool session_rekeyed;      /* a KEXINIT came after the first exchange */
    bool kexinit_before;       /* the last packet was a KEXINIT */
    bool follows_due;          /* the peer's KEXINIT announced a guess */
    bool interactive;          /* message 60 is INFO_REQUEST */
    uint32_t hostkeys_came;
    struct bytes hostkeys; /* the message */
    bool logged_in;

    struct spec_channel *channels;
    size_t channel_count;
    uint64_t opens, open_answers;

    struct outcome parts[PARTS_MAX];
    size_t part;      /* index of the current part */
    bool observing;   /* the case has begun its own steps: replies are outcomes */
    const char *skip; /* why the case does not apply; NULL: it does */
    char skip_text[PROBLEM_MAX];
    char problem[PROBLEM_MAX]; /* why it could not run: "" */
    char note[OBSERVED_MAX];   /* what a report found */

    struct watched watched[WATCHES];
    struct traced *trace;
    size_t trace_count, trace_size;
    struct block *blocks;
    uint8_t
        *wire; /* for the trace: what came of the next packet, before it is decrypted in place */
    size_t wire_len, wire_size;
    struct bytes bulk_room; /* the last channel data, while it is not kept */
    uint8_t *scratch;       /* SCRATCH_ROOM bytes, for a text that is copied at once */
    struct kexinit spare;   /* for a KEXINIT that is only looked at */

    /* A client that is tested: client.h */
    struct client *client; /* of this connection; NULL: a server is tested, or it has ended */
    enum intent intent;
    bool unknown_host, no_known_hosts; /* what its known_hosts has: another key, or none */
    struct bytes known_key;            /* in its known_hosts, in place of ours; or none */
    const char *known_type;
    bool known_ca;           /* it has only the CA of host certificates */
    struct bytes prove;      /* its last hostkeys-prove-00 request */
    struct bytes pty_modes;  /* of its pty-req */
    struct bytes x11_cookie; /* of its x11-req */
    uint32_t forwards;       /* tcpip-forward requests */
    uint32_t lines_before;   /* before its identification */
    uint32_t queries;        /* publickey requests without a signature */
    uint32_t late_requests;  /* of the login, after it */
    bool opened_early;       /* CHANNEL_OPEN came before SUCCESS */
    struct child_answer client_answers[CHILD_ANSWERS];
    size_t client_answer_count;
    struct bytes printed[2];          /* by a client that has ended */
    bool client_wants_ext_info;       /* its first KEXINIT had the marker */
    struct bytes postponed;           /* a request that came during an exchange of ours; or none */
    bool queried;                     /* the last request was a query, which was answered */
    char tried[NAMES_MAX];            /* the methods that it tried */
    struct serving serve;             /* how we answer as a server */
    struct opened opened[OPENED_MAX]; /* channels that the client opens */
    size_t opened_count;

    /* Completes an exchange that the peer began; set by reach.c. */
    void (*peer_rekeys)(struct peer *p);
    /* What a message means for a channel; set by channel.c. */
    bool (*channel_message)(struct peer *p, uint8_t number);
};

enum { PADDING_SHORT = -1, PADDING_LONG = -2 };

/* A connection for a case; peer_clear releases everything. */
struct peer *peer_new(const struct spec_case *row, const struct setting *setting);
void peer_free(struct peer *p);

/* Connect. A second call begins another connection, as a further part of the case: each part must
 * satisfy the expectation. */
void peer_connect(struct peer *p);

/* Is there nothing more to do: the connection has ended, or the case was skipped? */
bool over(const struct peer *p);

/* Memory that lives as long as the peer. */
void *peer_memory(struct peer *p, size_t len);
struct bytes peer_copy(struct peer *p, struct bytes bytes);

/* Skip the case unless something holds; `why` says what is missing. */
void need(struct peer *p, bool holds, const char *why, ...) __attribute__((format(printf, 3, 4)));

/* The case cannot run: it is an error of ours or of the server's before the case's own step. */
void problem(struct peer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Record an outcome of the current part. */
void observe(struct peer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct outcome *current_part(struct peer *p);

/* What a report found. */
void report(struct peer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A further part on the same connection. */
void next_part(struct peer *p);

uint64_t step_deadline(const struct peer *p);

#endif
