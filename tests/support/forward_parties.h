/* Two sessions in memory whose forwards connect real sockets: what they report, and what the tests
 * of forwards wait for. */
#ifndef NACRE_TESTS_SUPPORT_FORWARD_PARTIES_H
#define NACRE_TESTS_SUPPORT_FORWARD_PARTIES_H

#include "apps/forward/forwards.h"
#include "apps/forward/parts.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"

#include <time.h>

extern struct pair p;

/* One end of the session, and what its forwards report. */
struct party {
    struct nacre_forwards *forwards;
    struct nacre_forwarding policy;
    int connections, most;
    bool full;
    void (*act)(void);  /* what it does in an event, */
    const char *act_at; /* ... in this one */
    char events[1024];
    struct nacre_target last;
};

extern struct party parties[2]; /* by role */

/* A thread that looks up names later: what it is to do, and how it behaves. */
extern struct look_up_thread {
    void (*work)(void *job), (*done)(void *job);
    void *job;
    bool refuses, stays;
} thread;

extern char agent[128];         /* what a client connects x11 and agent channels to */
extern unsigned others_replied; /* answers to global requests that are not the forwards' */

/* Carry out what the thread was given. */
void look_up_now(void);

/* Both sessions, logged in; and the end of both, which must have left nothing. */
void start(void);
void finish(void);

/* The loop of both. */
struct nacre_loop *forward_loop(void);

/* Whatever is ready, in both sessions and on the sockets. */
void turn(void);

/* Until it is true; fails after half a minute. */
#define AWAIT(condition)                                                                           \
    do {                                                                                           \
        time_t until = time(NULL) + 30;                                                            \
        while (!(condition)) {                                                                     \
            ck_assert_msg(time(NULL) < until, "%s; %s %s", #condition, parties[0].events,          \
                          parties[1].events);                                                      \
            turn();                                                                                \
        }                                                                                          \
    } while (0)

bool reported(enum nacre_role role, const char *event);

/* A byte that one writes is read by the other. */
void check_joined(int a, int b);
int accept_from(int listener);

/* A forward of the client's from a free port of 127.0.0.1. */
struct nacre_forward_listener *forward(const char *type, const char *host, uint16_t port);

#endif
