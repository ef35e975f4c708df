/* A whole connection under one seed: both roles in memory, a virtual clock, a network that splits,
 * joins, delays, cuts and half-closes, and applications on both sides that do anything the library
 * lets them. What may never happen is checked at every step; the same seed is the same run.
 *
 *     config.c, world.c          the course of a run, and how both ends are configured
 *     owner.c, settle.c          the owners' loops, the network and the clock; a connection at rest
 *     end.c, channel.c, action.c the applications: what they expect, and what they do
 *     asking.c, stream.c         requests and their answers, the bytes of a stream
 *     watch.c                    the observer: rules that the messages on the wire follow
 *     day.c                      a whole day of one connection, timer by timer */
#ifndef NACRE_TESTS_SIMULATE_SIMULATE_H
#define NACRE_TESTS_SIMULATE_SIMULATE_H

#include "apps/session/session.h"
#include "crypto/random.h"
#include "tests/support/scarce.h"
#include "transport/key_pair.h"

enum {
    LINKS_MAX = 32,       /* channels of one run */
    CHANNELS_SEEN = 64,   /* numbers of channels at one end */
    REQUESTS_MAX = 512,   /* requests of one side of a channel, or of one end of the connection */
    FLIGHT_MAX = 1 << 15, /* messages between two ends */
    SIMULATE_LIST_MAX = 160, /* bytes of a list of algorithms */

    HOUR_MS = 3600 * 1000,    /* the age of keys, unless another is configured */
    EXCHANGE_MS = 120 * 1000, /* a login, and a key exchange, take no longer */
};

/* ---- chance ---- */

struct chance {
    uint64_t state;
};

uint32_t chance_below(struct chance *c, uint32_t n); /* 0 to n - 1 */
bool chance_one_in(struct chance *c, uint32_t n);
/* 1 to most; small ones as often as large ones */
uint32_t chance_size(struct chance *c, uint32_t most);

/* What the runs did, to see that they did something. */
struct tally {
    uint64_t messages, exchanges, logins, hours, keepalives;
    uint64_t channels, bytes, requests;
    uint64_t limited[NACRE_LIMITS];                                                 /* by limit */
    uint64_t closed[NACRE_OUT_OF_RESOURCES + 1], ended[NACRE_OUT_OF_RESOURCES + 1]; /* by cause */
};

/* ---- the model of what is going on ---- */

enum { DATA, EXTENDED, STREAMS };

enum mood {
    WILLING, /* takes all data */
    SLOW,    /* some of it, or none */
    DEAF,    /* none */
    ECHO,    /* as much as it can write: the usual way to pass the peer's pace on */
};

enum answered {
    UNSEEN, /* the library may refuse by itself what is out of place */
    OPEN,
    GRANTED,
    REFUSED,
    EITHER, /* the channel was closed over it */
};

/* A request that a side made, and what the other side's application said. */
struct asked {
    bool may_be_refused; /* by the library alone */
    bool asks_port;      /* a forward that leaves the port open: the answer says which */
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

/* One end of a channel, as its application knows it. */
struct side {
    struct party *party;
    struct side *other;
    struct link *link;
    struct nacre_channel *channel; /* NULL before, and once it is closed */
    enum mood mood;
    bool is_session; /* the channel's type */
    bool granted;    /* the open was granted, by either side */
    bool has_program;
    bool deciding; /* the open is answered later */
    bool said_eof, said_close, said_exit;
    bool told_eof, told_close, told_exit, closed;
    bool inside;               /* a callback of it is running */
    uint64_t backlog[STREAMS]; /* bytes it still wants to write */
    uint64_t written[STREAMS], taken[STREAMS];
    struct asking asking;
};

struct link {
    uint32_t serial;
    struct side side[2]; /* who opens it, who is asked */
};

/* What the observer at one end knows of one channel. */
struct tap {
    struct side *side;
    bool live, confirmed;
    uint32_t peer_id;
    uint64_t may_send, may_receive; /* bytes of window */
    uint64_t widest;                /* the most it granted and has not been taken */
    uint32_t send_max, receive_max; /* bytes of one message */
    uint64_t received[STREAMS];
    bool sent_eof, got_eof, sent_close, got_close;
    uint32_t owed, awaited; /* answers */
    uint32_t excused;       /* of those owed: our CLOSE may have waited for new keys before it */
};

/* Bytes on their way. */
struct wire {
    uint8_t *bytes;
    size_t head, len, cap;
    size_t limit;      /* more than that the network does not hold */
    uint64_t until_ms; /* nothing arrives before */
    bool shut;         /* nothing follows these bytes */
};

/* One end of the connection with its owner. */
struct party {
    struct world *world;
    struct party *other;
    const char *name;
    struct nacre_endpoint_config config;
    char lists[3][SIMULATE_LIST_MAX]; /* of algorithms, for the configuration */
    struct nacre_endpoint *endpoint;
    struct nacre_session *session;
    struct random_seeded seed;
    struct random_source random;
    struct wire out;
    struct scarce scarce;

    bool woken;           /* the owner will look */
    bool blocked;         /* the wire took no more */
    uint64_t timer_ms;    /* the deadline the owner knows of */
    unsigned overdue;     /* turns that it has passed for */
    bool gone;            /* the connection below is closed at this end */
    uint64_t heard_ms;    /* when the last byte arrived, */
    uint64_t used_ms;     /* ... and the last message of a channel, or data was sent on one */
    uint64_t exchange_ms; /* ... and when the last key exchange was begun */
    uint64_t rests_ms;    /* until then at most its limits let input wait, or an answer */
    bool authenticated, ended;
    struct nacre_auth_policy policy;
    struct nacre_decision *decision; /* a login that is decided later */
    size_t asked_for;                /* answers of a person, who gives them later */
    uint32_t proved, failures;       /* logins, as bits of login_methods; and those refused */
    struct asking asking;            /* global requests */

    struct tap taps[CHANNELS_SEEN];
    bool exchanging; /* between its KEXINIT and its NEWKEYS */
    uint32_t exchanges;
    uint32_t globals_owed, globals_awaited;
    uint32_t flight[FLIGHT_MAX]; /* messages that it sent and that have not arrived */
    uint32_t flight_head, flight_len;
};

struct world {
    uint64_t seed;
    bool verbose;
    struct chance chance;
    uint64_t now_ms;
    uint32_t step;
    uint32_t nested; /* actions inside callbacks inside actions */
    bool settling;   /* everyone is willing, and the network too */
    bool dead;       /* the network delivers nothing any more, and says nothing */
    size_t piece;    /* bytes the network moves at once, at most */
    uint32_t write_most;
    struct tally *tally;
    void (*act)(struct party *p); /* what an application does inside a callback: app_act */
    uint64_t digest;              /* of all messages, to compare two runs */
    struct party party[2];        /* by role */
    struct link links[LINKS_MAX];
    uint32_t link_count;
};

/* ---- the course of a run ---- */

/* One seed from beginning to end; anything wrong ends the program with the line that replays it.
 * Returns a digest of everything that happened. */
uint64_t simulate(uint64_t seed, bool verbose, struct tally *tally);

/* Begin and end such a world, for another course of events than chance's alone. */
struct world *world_new(uint64_t seed, bool verbose, struct tally *tally);
void world_start(struct world *w);
uint64_t world_end(struct world *w);

/* All that can move moves, until nothing does; then everything must be as it should. */
void world_settle(struct world *w);
void world_check_settled(struct world *w);

/* ---- tests/simulate/day.c ---- */

/* 24 hours and what follows them: keepalives, hourly rekeys, a network that dies or an idle limit.
 */
uint64_t simulate_day(uint64_t seed, bool verbose, struct tally *tally);

/* ---- reports ---- */

/* What is called with the program's name in front when a run fails: the line that replays it. */
extern const char *simulate_program;

__attribute__((noreturn)) void simulate_fail(const struct world *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void simulate_trace(const struct world *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The words are only needed when it is not so. */
#define REQUIRE(w, condition, ...)                                                                 \
    do {                                                                                           \
        if (!(condition))                                                                          \
            simulate_fail((w), __VA_ARGS__);                                                       \
    } while (0)

/* ---- the applications ---- */

void app_configure(struct party *p);

/* Somebody has logged in. */
void app_check_login(const struct party *p);

/* Some application at this end does something. */
void app_act(struct party *p);

/* Somebody does just that: "open", "write", "global request". False: nobody could. */
bool app_do(struct party *p, const char *name);

/* Everyone at this end takes what comes from now on. */
void app_be_willing(struct party *p);

/* What was to be answered later is answered. */
void app_answer(struct party *p);

/* Nothing moves any more, and everyone was willing: all that was accepted has arrived, all that was
 * asked is answered. */
void app_check_settled(const struct world *w);

/* ---- the observer ---- */

extern const struct nacre_observer watch_observer;

/* The memory that this end may hold, in bytes, for the windows it has granted. */
size_t watch_budget(const struct party *p);

#endif
