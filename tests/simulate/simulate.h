/* A whole connection from one seed: both roles in memory, a virtual clock, a network that splits,
 * joins, delays, cuts and half-closes, and applications on both sides that do anything the library
 * allows. Invariants are checked after every step. The same seed gives the same run.
 *
 *     config.c, world.c          the course of a run, and how both ends are configured
 *     shortage.c                 budgets of memory, which others use too
 *     owner.c, settle.c          the owners' loops and the network; a connection at rest
 *     end.c, channel.c, action.c the applications: what they expect, and what they do
 *     asking.c, stream.c         requests and their answers, the bytes of a stream
 *     watch.c                    the observer: rules for the messages on the wire
 *     day.c                      a whole day of one connection, timer by timer */
#ifndef NACRE_TESTS_SIMULATE_SIMULATE_H
#define NACRE_TESTS_SIMULATE_SIMULATE_H

#include "apps/session/budget.h"
#include "apps/session/session.h"
#include "crypto/random.h"
#include "tests/support/scarce.h"
#include "tests/support/traced.h"
#include "transport/key_pair.h"

enum {
    LINKS_MAX = 32,       /* channels of one run */
    CHANNELS_SEEN = 64,   /* numbers of channels at one end */
    REQUESTS_MAX = 512,   /* requests of one side of a channel, or of one end of the connection */
    FLIGHT_MAX = 1 << 15, /* messages between two ends */
    SIMULATE_LIST_MAX = 160, /* bytes of a list of algorithms */

    HOUR_MS = 3600 * 1000,    /* the age of keys, unless another is configured */
    EXCHANGE_MS = 120 * 1000, /* the longest login, and the longest key exchange */
};

/* ---- chance ---- */

struct chance {
    uint64_t state;
};

uint32_t chance_below(struct chance *c, uint32_t n); /* 0 to n - 1 */
bool chance_one_in(struct chance *c, uint32_t n);
/* 1 to most, small numbers as often as large ones */
uint32_t chance_size(struct chance *c, uint32_t most);

/* What the runs did, printed at the end. */
struct tally {
    uint64_t messages, exchanges, logins, hours, keepalives;
    uint64_t channels, bytes, requests, large; /* large: requests of more than 35,000 bytes */
    uint64_t limited[NACRE_LIMITS];            /* by limit */
    uint64_t closed[NACRE_HOST_KEY_REJECTED + 1], ended[NACRE_HOST_KEY_REJECTED + 1]; /* by cause */
};

/* ---- the model of what is going on ---- */

enum { DATA, EXTENDED, STREAMS };

enum mood {
    WILLING, /* accepts all data */
    SLOW,    /* some of it, or none */
    DEAF,    /* none */
    ECHO,    /* as much as it can write back */
};

enum answered {
    UNSEEN, /* the library may refuse it by itself */
    OPEN,
    GRANTED,
    REFUSED,
    EITHER, /* the channel was closed before the answer */
};

/* A request that a side made, and the answer of the other side's application. */
struct asked {
    bool may_be_refused; /* by the library, without its application */
    bool asks_port;      /* forwarding with port 0: the answer has the port */
    bool want_reply;
    enum answered answer;
};

/* Requests in one direction, in order. */
struct asking {
    struct asked asked[REQUESTS_MAX];
    uint32_t made, seen, replied;
};

struct link;
struct party;
struct world;

/* Where the messages of a stream end that arrived and were not accepted: offsets in the stream. */
struct ends {
    uint64_t *at;
    size_t first, len, cap;
};

/* One end of a channel, as its application sees it. */
struct side {
    struct party *party;
    struct side *other;
    struct link *link;
    struct nacre_channel *channel; /* NULL until it is open, and after it is closed */
    enum mood mood;
    bool is_session; /* the channel's type */
    bool granted;    /* the open was granted */
    bool has_program;
    bool deciding; /* the open has not been answered yet */
    bool sent_eof, sent_close, sent_exit;
    bool got_eof, got_close, got_exit, closed;
    bool inside;               /* one of its callbacks is running */
    uint64_t backlog[STREAMS]; /* bytes left to write */
    uint64_t written[STREAMS], taken[STREAMS];
    size_t buffer; /* bytes that the library keeps for it, at most */
    struct ends ends[STREAMS];
    struct asking asking;
};

struct link {
    uint32_t serial;
    struct side side[2]; /* the side that opens it, the other side */
};

/* What the observer at one end knows about a channel. */
struct tap {
    struct side *side;
    bool live, confirmed;
    uint32_t peer_id;
    uint64_t may_send, may_receive; /* bytes of window */
    uint64_t widest;                /* the most that was granted and not yet consumed */
    uint32_t send_max, receive_max; /* bytes of one message */
    uint64_t received[STREAMS];
    bool sent_eof, got_eof, sent_close, got_close;
    uint32_t owed, awaited; /* answers */
    uint32_t excused; /* of those owed: this end's CLOSE may have waited for a rekey before them */
};

/* Bytes in flight. */
struct wire {
    uint8_t *bytes;
    size_t head, len, cap;
    size_t limit;      /* the most that the network holds */
    uint64_t until_ms; /* nothing arrives before */
    bool shut;         /* no bytes follow */
};

/* One end of the connection with its owner. */
struct party {
    struct world *world;
    struct party *other;
    const char *name;
    struct nacre_endpoint_config config;
    struct nacre_limits limits;       /* of the configuration */
    char lists[3][SIMULATE_LIST_MAX]; /* of algorithms, for the configuration */
    struct nacre_endpoint *endpoint;
    struct nacre_session *session;
    struct random_seeded seed;
    struct random_source random;
    struct wire out;
    struct scarce scarce;
    struct nacre_budget *whole, *budget; /* of the process, and this end's part of it; or NULL */
    uint64_t whole_bytes;
    size_t others;        /* bytes that other connections take from the whole */
    bool short_of_memory; /* a budget once had nothing left */

    bool woken;           /* the owner will tick */
    bool blocked;         /* the wire accepted no more */
    uint64_t timer_ms;    /* the deadline that the owner has read */
    unsigned overdue;     /* loop iterations since it passed */
    bool gone;            /* the TCP connection is closed at this end */
    uint64_t heard_ms;    /* when the last byte arrived */
    uint64_t used_ms;     /* when a channel was last used */
    uint64_t exchange_ms; /* when the last key exchange began */
    uint64_t rests_ms;    /* until then limits may delay its input or answers */
    bool authenticated, ended;
    struct nacre_auth_policy policy;
    struct nacre_decision *decision; /* a login that has not been decided yet */
    size_t asked_for;                /* prompts that the person has not answered yet */
    bool host_key_waits;             /* for the person's word */
    uint32_t proved, failures; /* login methods that succeeded, as bits; attempts that failed */
    struct asking asking;      /* global requests */

    struct traced traced;
    struct tap taps[CHANNELS_SEEN];
    bool exchanging; /* between its KEXINIT and its NEWKEYS */
    uint32_t exchanges;
    uint32_t globals_owed, globals_awaited;
    uint32_t flight[FLIGHT_MAX]; /* messages sent that have not arrived */
    uint32_t flight_head, flight_len;
};

struct world {
    uint64_t seed;
    bool verbose;
    struct chance chance;
    uint64_t now_ms;
    uint32_t step;
    uint32_t nested; /* actions inside callbacks inside actions */
    bool settling;   /* applications and network accept everything */
    bool dead;       /* the network delivers nothing, and reports nothing */
    bool plentiful;  /* no budgets of memory */
    size_t piece;    /* bytes that the network delivers at once, at most */
    uint32_t write_most;
    struct tally *tally;
    void (*act)(struct party *p); /* what an application does inside a callback: app_act */
    uint64_t digest;              /* of all messages, to compare two runs */
    struct party party[2];        /* by role */
    struct link links[LINKS_MAX];
    uint32_t link_count;
};

/* ---- the course of a run ---- */

/* Run one seed; a failure ends the program with the line that replays it. Returns a digest of all
 * messages. */
uint64_t simulate(uint64_t seed, bool verbose, struct tally *tally);

/* Create, start and end a connection for another course of events. */
struct world *world_new(uint64_t seed, bool verbose, struct tally *tally);
void world_start(struct world *w);
uint64_t world_end(struct world *w);

/* Deliver everything until nothing moves; then require that nothing was lost. */
void world_settle(struct world *w);
void world_check_settled(struct world *w);

/* ---- tests/simulate/day.c ---- */

/* 24 hours with keepalives and hourly rekeys, and then a network that dies or an idle limit. */
uint64_t simulate_day(uint64_t seed, bool verbose, struct tally *tally);

/* ---- where messages end: tests/simulate/stream.c ---- */

/* A message arrived whose last byte is the one before `end`. */
void stream_note_message(struct side *s, int stream, uint64_t end);

/* Require that the application is offered one message, or what it has left of it. */
void stream_check_message(struct side *s, int stream, size_t len);

void stream_clear(struct side *s);

/* ---- reports ---- */

/* The program and its options, for the line that replays a failure. */
extern const char *simulate_program;

__attribute__((noreturn)) void simulate_fail(const struct world *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void simulate_trace(const struct world *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Fail with that message unless the condition is true. */
#define REQUIRE(w, condition, ...)                                                                 \
    do {                                                                                           \
        if (!(condition))                                                                          \
            simulate_fail((w), __VA_ARGS__);                                                       \
    } while (0)

/* ---- the applications ---- */

void app_configure(struct party *p);

/* A user has logged in: require that every required method succeeded. */
void app_check_login(const struct party *p);

/* One random action of an application at this end. */
void app_act(struct party *p);

/* One action by its name: "open", "write", "global request". False: it is not possible now. */
bool app_do(struct party *p, const char *name);

/* From now on all applications at this end accept all data. */
void app_be_willing(struct party *p);

/* Answer everything that was left for later. */
void app_answer(struct party *p);

/* At rest: require that all accepted data has arrived, and all requests are answered. */
void app_check_settled(const struct world *w);

/* ---- the observer ---- */

extern const struct nacre_observer watch_observer;

/* Bytes that this end's peer may send, or has sent and no application has accepted. */
uint64_t watch_promised(const struct party *p);

/* Bytes of memory that this end may use, given the windows that it granted. */
size_t watch_budget(const struct party *p);

#endif
