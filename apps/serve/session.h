/* A session of nacre-serve: a channel and its process. It lives until both have ended. */
#ifndef NACRE_APPS_SERVE_SESSION_H
#define NACRE_APPS_SERVE_SESSION_H

#include "apps/runtime/watch.h"
#include "apps/serve/agent.h"
#include "apps/serve/child.h"
#include "apps/serve/environment.h"
#include "apps/serve/quota.h"

struct serve_session {
    struct nacre_channel *ch; /* NULL once it is closed */
    struct serve_session *next, **link;
    struct quota_place place;
    struct terminal terminal;
    struct agent_socket agent;
    struct environment environment;
    struct child child;
    pid_t leader;               /* the number of the child, which may have ended */
    struct nacre_watch *watch;  /* for the child's end */
    struct nacre_watch *hangup; /* from the SIGHUP until it must have had its effect */
    int timer;                  /* ... and its descriptor, or -1 */
    int tty;                    /* the terminal, for its size and breaks; -1: none */
    struct child_end end;
    bool running, ended; /* the child */
    bool failed;         /* the child could not be started; no other one will be */
    bool drained;        /* all of the child's output has been accepted */
    bool got_eof;        /* before there was a child */
};

/* NULL: out of memory. */
struct serve_session *session_new(struct nacre_channel *ch);
void session_free(struct serve_session *s);

/* Call `last` for those that are left, and free them, when no thread of the server runs any more.
 */
void session_free_all(void (*last)(struct serve_session *s));

/* The event loop of its connection. */
struct nacre_loop *session_loop(const struct serve_session *s);

void session_close_tty(struct serve_session *s);
void session_end_hangup(struct serve_session *s);

#endif
