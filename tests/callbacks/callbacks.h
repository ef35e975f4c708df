/* Every public function, called from inside every callback. tests/callbacks/generate reads both
 * from the installed headers and writes hooks and actions; a test program brings the stories in
 * which the callbacks happen (memory.c, sockets.c).
 *
 * A run tells one story. The first time that one callback of one role happens, its hook takes one
 * action there, and in another run the last time; then the story continues to its end. A callback
 * that happens inside of another one of the same connection is a fault.
 *
 * One pair alone, in one process for gdb:
 *
 *     CALLBACK=server:nacre_channel_app.data FUNCTION=nacre_session_free CK_FORK=no \
 *         build/asan/tests/callbacks/memory */
#ifndef NACRE_TESTS_CALLBACKS_CALLBACKS_H
#define NACRE_TESTS_CALLBACKS_CALLBACKS_H

#include "apps/connect/client.h"
#include "apps/files/key.h"
#include "apps/runtime/offload.h"
#include "apps/runtime/stream.h"
#include "apps/server/server.h"
#include "apps/session/session.h"
#include "tests/support/suite.h"

/* One end of a connection, to which callbacks happen. */
struct side {
    enum nacre_role role;
    bool unwatched;     /* made by an action: it has callbacks, but no part in the story */
    const char *inside; /* the callback that is running, or NULL */
};

/* Where a callback happens, and what there is to act on; NULL where there is none. */
struct place {
    struct side *side;
    struct nacre_session *session;
    struct nacre_channel *channel;
    struct nacre_endpoint *endpoint;
    struct nacre_decision *decision;
    struct nacre_signing *signing;
    struct nacre_server *server;
    struct nacre_peer *peer;
    struct nacre_clients *clients;
    struct nacre_client *client;
    struct nacre_loop *loop;
    struct nacre_watch *watch;
    struct nacre_mailbox *mailbox;
    struct nacre_offload *offload;
    bool decided;      /* the decision was answered by the action */
    bool exempt;       /* the callback may happen inside of another one */
    const char *outer; /* see struct side */
};

/* ---- what the generated file defines ---- */

enum sort { READS, ALONE, CHANGES }; /* ALONE: has nothing to do with the program's objects */

struct action {
    const char *name;
    bool (*act)(struct place *here); /* false: something that it needs is not there */
    int variant;
    enum sort sort;
    bool any_thread, on_channel;
};

enum may { MAY_ALL, MAY_READ, MAY_FROM_ANY_THREAD };

struct hook {
    const char *name; /* "nacre_channel_app.data" */
    enum may may;
    unsigned roles; /* a bit for each role that has it */
    bool outside;   /* of all sessions: another callback may happen inside */
};

extern const struct action actions[];
extern const size_t action_count;
extern const struct hook hooks[];
extern const size_t hook_count;

/* Put the hooks in the place of the callbacks of a table, and call those from them. */
void hook_nacre_memory(enum nacre_role role, struct nacre_memory *table);
void hook_nacre_observer(enum nacre_role role, struct nacre_observer *table);
void hook_nacre_auth_policy(enum nacre_role role, struct nacre_auth_policy *table);
void hook_nacre_channel_app(enum nacre_role role, struct nacre_channel_app *table);
void hook_nacre_endpoint_config(enum nacre_role role, struct nacre_endpoint_config *table);
void hook_nacre_server_events(enum nacre_role role, struct nacre_server_events *table);
void hook_nacre_server_config(enum nacre_role role, struct nacre_server_config *table);
void hook_nacre_client_config(enum nacre_role role, struct nacre_client_config *table);
void hook_nacre_job(enum nacre_role role, struct nacre_job *table);
void hook_nacre_stream_config(enum nacre_role role, struct nacre_stream_config *table);
void hook_nacre_known_hosts(enum nacre_role role, struct nacre_known_hosts *table);

/* Callbacks that are parameters of functions: what they call, and the hooks to pass. */
extern void (*script_nacre_watch_new_ready)(void *context);
extern void (*script_nacre_mailbox_post_call)(void *argument);
extern void (*script_nacre_key_external_sign)(void *context, struct nacre_signing *signing);
extern void (*script_nacre_peer_offload_work)(void *job);
extern void (*script_nacre_peer_offload_done)(void *job);
void on_nacre_watch_new_ready(void *context);
void on_nacre_mailbox_post_call(void *argument);
void on_nacre_key_external_sign(void *context, struct nacre_signing *signing);
void on_nacre_peer_offload_work(void *job);
void on_nacre_peer_offload_done(void *job);

/* ---- what the test program defines ---- */

struct place place_of_channel(struct nacre_channel *ch);
struct place place_of_peer(struct nacre_peer *peer);
struct place place_of_client(struct nacre_client *client);
struct place place_of_context(void *context);
struct place place_of_nothing(void);

/* Another channel of the same session; NULL: there is none. */
struct nacre_channel *another_channel(const struct place *here);

/* A callback begins, before the action: the program's own accounts. */
void account(struct place *here, const char *callback);

/* An action answers the decision, frees the session or the endpoint... NULL: that was done. */
struct nacre_decision *answered_decision(struct place *here);
struct nacre_signing *answered_signing(struct place *here);
void note_decision(const struct place *here); /* the policy's own answer follows */
static inline const struct nacre_login *login_of(const struct place *here)
{
    return here->session != NULL ? nacre_session_login(here->session) : NULL;
}
struct nacre_session *given_up_session(struct place *here);
struct nacre_endpoint *given_up_endpoint(struct place *here);

/* Arguments and results of actions */
void *extra_context(struct place *here);
uint64_t now_ms(const struct place *here);
size_t put_output(struct place *here); /* take the output away; its length */
void keep_session(struct place *here, struct nacre_session *session); /* free it in the end */
void opened_channel(struct place *here, struct nacre_channel *ch);
void answered_open(struct place *here);
struct nacre_server *given_up_server(struct place *here);
struct nacre_clients *given_up_clients(struct place *here);
struct nacre_watch *given_up_watch(struct place *here);
struct nacre_mailbox *given_up_mailbox(struct place *here);
struct nacre_offload *given_up_offload(struct place *here);
void *job_for(struct place *here);
int watched_descriptor(const struct place *here);

/* ---- what run.c defines ---- */

/* Arguments that exist for the whole of a test. */
extern struct things {
    const struct nacre_channel_app *app; /* the program's, hooked */
    const char *key_file, *password_file, *address;
    struct nacre_key *key;
    struct nacre_key_text *key_text;
    struct nacre_authorized_keys *authorized_keys;
    struct nacre_known_hosts *known_hosts;
    struct nacre_password_file *passwords;
    struct nacre_password_check *check;
    struct nacre_budget *budget;
    struct nacre_server_config server_config;
    struct nacre_client_config client_config;
    struct nacre_endpoint_config endpoint_config;
    struct nacre_client_login login;
    void (*work)(void *job);
    void (*done)(void *job);
} things;

struct nacre_password_check *new_check(void);

void callback_begins(struct place *here, size_t hook);
void callback_returns(struct place *here);

/* Add the tests. Each story is told from beginning to end, and leaves nothing behind; the list ends
 * with NULL. repeatable: each telling is the same to the last callback; otherwise a callback that
 * does not happen is waited for in a few tellings more, and nothing is done the last time. */
void add_callback_tests(struct suite *suite, void (*const *stories)(void), bool repeatable);

/* ---- what fault.c defines ---- */

/* Read all of it: it must not have been freed. */
void look_at_bytes(const void *data, size_t len);
void look_at_text(const char *text);

enum { FAULT = 9 }; /* exit status */

/* The run fails: print a sentence, and end the process. */
void fault(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
