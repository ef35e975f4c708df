/* Functions of the server, called from inside its callbacks: each of the one in each of the other.
 * AddressSanitizer checks that nothing is freed that is still in use. */
#include "apps/runtime/stream.h"
#include "apps/runtime/watch.h"
#include "tests/support/client_story.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct served served;

/* What happens where: in the first call of that callback. */
static struct {
    const char *where;
    void (*act)(struct nacre_peer *peer, struct nacre_channel *ch); /* either may be NULL */
    atomic_bool done;
    atomic_int accepted, ended, opened, closed;
} story;

static void reached(const char *where, struct nacre_peer *peer, struct nacre_channel *ch)
{
    if (story.done || strcmp(where, story.where) != 0)
        return;
    story.done = true;
    story.act(peer, ch);
}

/* ---- the callbacks ---- */

struct helper { /* a watch and a job of one channel */
    struct nacre_watch *watch;
    int fd;
    struct nacre_peer *peer; /* NULL once it has ended */
    int uses;
};

static void release(struct helper *h)
{
    if (--h->uses > 0)
        return;
    nacre_watch_free(h->watch);
    (void)close(h->fd);
    free(h);
}

static void on_watch(void *context)
{
    struct helper *h = context;

    nacre_watch_free(h->watch);
    h->watch = NULL;
    reached("watch", h->peer, NULL);
    release(h);
}

static void work(void *helper)
{
    (void)helper;
}

static void on_job_done(void *context)
{
    struct helper *h = context;

    reached("done", h->peer, NULL);
    release(h);
}

/* One use for the channel, one for the watch, one for the job. */
static void start_helper(struct nacre_channel *ch)
{
    struct nacre_peer *peer = nacre_channel_context(ch);
    struct helper *h = calloc(1, sizeof *h);

    ck_assert_ptr_nonnull(h);
    h->fd = eventfd(1, EFD_CLOEXEC);
    h->peer = peer;
    h->uses = 3;
    h->watch = nacre_watch_new(nacre_peer_loop(peer), h->fd, on_watch, h);
    ck_assert(h->watch != NULL && nacre_peer_offload(peer, work, on_job_done, h));
    nacre_channel_set_app_data(ch, h);
}

static void on_drained(struct nacre_channel *ch)
{
    reached("drained", nacre_channel_context(ch), ch);
}

/* A channel on which the stream reads EOF at once. */
static bool join_stream(struct nacre_channel *ch)
{
    struct nacre_stream_config config = {.error = -1, .output = -1, .drained = on_drained};
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    config.input = fds[0];
    (void)close(fds[1]);
    return nacre_stream_join(ch, nacre_peer_loop(nacre_channel_context(ch)), &config) != NULL;
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    story.opened++;
    start_helper(ch);
    reached("open", nacre_channel_context(ch), ch);
    return NACRE_GRANT;
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    (void)request;
    if (strcmp(story.where, "drained") == 0)
        (void)join_stream(ch);
    reached("request", nacre_channel_context(ch), ch);
    return NACRE_GRANT;
}

static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    reached("data", nacre_channel_context(ch), ch);
    return nacre_channel_write(ch, data, len);
}

static void on_eof(struct nacre_channel *ch)
{
    reached("eof", nacre_channel_context(ch), ch);
    if (strcmp(story.where, "close") == 0)
        return; /* the client is going to close */
    nacre_channel_exit_status(ch, 3);
    nacre_channel_close(ch);
}

static void on_close(struct nacre_channel *ch)
{
    reached("close", nacre_channel_context(ch), ch);
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct helper *h = nacre_channel_app_data(ch);

    (void)why;
    story.closed++;
    reached("closed", nacre_channel_context(ch), ch);
    h->peer = NULL;
    h->uses -= h->watch != NULL;
    nacre_watch_free(h->watch);
    h->watch = NULL;
    release(h);
}

static const struct nacre_channel_app app = {.open = on_open,
                                             .request = on_request,
                                             .data = on_data,
                                             .eof = on_eof,
                                             .close = on_close,
                                             .closed = on_closed};

static const struct nacre_channel_app *look_up(void *peer, const char *type)
{
    (void)type;
    reached("lookup", peer, NULL);
    return &app;
}

static void on_password(void *peer, struct nacre_decision *decision, const char *user,
                        const char *password)
{
    (void)user;
    (void)password;
    reached("password", peer, NULL);
    nacre_decide(decision, true);
}

static void on_attempted(void *peer, const char *user, const char *method, bool granted)
{
    (void)user;
    (void)method;
    (void)granted;
    reached("attempted", peer, NULL);
}

static void on_accepted(struct nacre_peer *peer)
{
    story.accepted++;
    reached("accepted", peer, NULL);
}

static void on_authenticated(struct nacre_peer *peer, const char *user)
{
    (void)user;
    reached("authenticated", peer, NULL);
}

static void on_ended(struct nacre_peer *peer, const struct nacre_end *why)
{
    (void)why;
    story.ended++;
    reached("ended", peer, NULL);
}

static void on_counters(void *context, const struct nacre_server *server)
{
    (void)context;
    (void)server;
    reached("counters", NULL, NULL);
}

static const char *const callbacks[] = {
    "accepted", "password", "attempted", "authenticated", "lookup",  "open",  "request", "data",
    "eof",      "close",    "closed",    "ended",         "drained", "watch", "done",    "counters",
};

/* ---- the functions ---- */

static void free_server(struct nacre_peer *peer, struct nacre_channel *ch)
{
    (void)peer;
    (void)ch;
    nacre_server_free(served.server);
    nacre_server_free(served.server); /* it is not carried out yet: nothing happens */
}

static void stop_server(struct nacre_peer *peer, struct nacre_channel *ch)
{
    (void)peer;
    (void)ch;
    nacre_server_stop(served.server);
}

static void run_server(struct nacre_peer *peer, struct nacre_channel *ch)
{
    (void)peer;
    (void)ch;
    nacre_server_run(served.server);
}

static void read_everything(struct nacre_peer *peer, struct nacre_channel *ch)
{
    struct nacre_server_counters counters;
    char host[NACRE_PEER_HOST_MAX];

    (void)ch;
    nacre_server_report(served.server);
    nacre_server_read_counters(served.server, &counters);
    ck_assert_ptr_nonnull(nacre_server_address(served.server, 0));
    if (peer == NULL)
        return;
    ck_assert_uint_eq(nacre_peer_id(peer), 1);
    ck_assert_str_ne(nacre_peer_address(peer), "");
    ck_assert_str_eq(nacre_peer_local_address(peer), address(&served));
    nacre_peer_host(peer, host);
    nacre_peer_set_data(peer, host);
    ck_assert_ptr_eq(nacre_peer_data(peer), host);
    ck_assert_ptr_null(nacre_peer_server_context(peer));
}

static void free_session(struct nacre_peer *peer, struct nacre_channel *ch)
{
    (void)ch;
    if (peer != NULL && nacre_peer_session(peer) != NULL)
        nacre_session_free(nacre_peer_session(peer));
}

static void lose_session(struct nacre_peer *peer, struct nacre_channel *ch)
{
    (void)ch;
    if (peer != NULL && nacre_peer_session(peer) != NULL)
        nacre_session_lost(nacre_peer_session(peer));
}

static void disconnect(struct nacre_peer *peer, struct nacre_channel *ch)
{
    (void)ch;
    if (peer != NULL && nacre_peer_session(peer) != NULL)
        nacre_session_disconnect(nacre_peer_session(peer), NACRE_WE_CLOSED, "enough");
}

static void join_channel(struct nacre_peer *peer, struct nacre_channel *ch)
{
    bool again = strcmp(story.where, "drained") == 0, late = strcmp(story.where, "closed") == 0;

    (void)peer;
    if (ch != NULL)
        ck_assert_int_eq(join_stream(ch), !again && !late);
}

static void on_never(void *context)
{
    ck_abort_msg("a watch that was freed: %p", context);
}

static void watch(struct nacre_peer *peer, struct nacre_channel *ch)
{
    int fd = eventfd(1, EFD_CLOEXEC);
    struct nacre_watch *watch =
        peer == NULL ? NULL : nacre_watch_new(nacre_peer_loop(peer), fd, on_never, NULL);

    (void)ch;
    ck_assert(peer == NULL || watch != NULL);
    nacre_watch_free(watch);
    (void)close(fd);
}

static void nothing(void *job)
{
    (void)job;
}

static void offload(struct nacre_peer *peer, struct nacre_channel *ch)
{
    (void)ch;
    if (peer != NULL)
        ck_assert(nacre_peer_offload(peer, work, nothing, NULL));
}

static void close_channel(struct nacre_peer *peer, struct nacre_channel *ch)
{
    (void)peer;
    if (ch != NULL)
        nacre_channel_close(ch);
}

static void replace_app(struct nacre_peer *peer, struct nacre_channel *ch)
{
    (void)peer;
    if (ch != NULL)
        nacre_channel_set_app(ch, &app);
}

static void (*const actions[])(struct nacre_peer *peer, struct nacre_channel *ch) = {
    free_server, stop_server, run_server,   read_everything, free_session,  lose_session,
    disconnect,  watch,       join_channel, offload,         close_channel, replace_app,
};

enum {
    CALLBACKS = sizeof callbacks / sizeof callbacks[0],
    ACTIONS = sizeof actions / sizeof actions[0],
};

/* ---- a client, which does not mind how it ends ---- */

static int client_ended;

static enum nacre_answer on_client_open(struct nacre_channel *ch)
{
    (void)nacre_channel_exec(ch, "cat");
    return NACRE_GRANT;
}

static void on_client_replied(struct nacre_channel *ch, bool granted)
{
    (void)granted;
    (void)nacre_channel_write(ch, "hello\n", 6);
    if (strcmp(story.where, "close") == 0)
        nacre_channel_close(ch);
    else
        nacre_channel_eof(ch);
}

static void on_client_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    (void)why;
    nacre_client_close(nacre_channel_context(ch), "done");
}

static const struct nacre_channel_app client_app = {
    .open = on_client_open, .replied = on_client_replied, .closed = on_client_closed};

static void on_client_ready(struct nacre_client *client)
{
    (void)nacre_session_open_channel(nacre_client_session(client), "session", &client_app, NULL,
                                     NULL, 0);
}

static void on_client_ended(struct nacre_client *client, const struct nacre_end *why)
{
    (void)client;
    (void)why;
    client_ended++;
}

static bool accept_key(struct nacre_client *client, const struct nacre_host_key *shown,
                       enum nacre_host_verdict verdict, const char *sentence)
{
    (void)client;
    (void)shown;
    (void)verdict;
    (void)sentence;
    return true;
}

static void run_client(void)
{
    const struct nacre_client_config config = {.user = "alice",
                                               .password = "secret",
                                               .host_key = accept_key,
                                               .ready = on_client_ready,
                                               .ended = on_client_ended};
    struct nacre_clients *clients = clients_with(&config);
    struct nacre_client *client;
    char errbuf[256];

    client_ended = 0;
    client = nacre_client_connect(clients, address(&served), NULL, errbuf, sizeof errbuf);
    ck_assert_msg(client != NULL, "%s", errbuf);
    for (int i = 0; i < 30 && client_ended == 0; i++)
        (void)nacre_clients_run_once(clients, 10);
    if (client_ended == 0) /* the channel stays open after what happened */
        nacre_client_close(client, "enough");
    nacre_clients_run(clients);
    ck_assert_int_eq(client_ended, 1);
    nacre_clients_free(clients);
}

/* ---- all of it ---- */

static void wait_until_done(void)
{
    for (int i = 0; i < 5000 && !story.done; i++)
        (void)usleep(1000);
    ck_assert_msg(story.done, "%s was not called", story.where);
}

static void assert_ended(void)
{
    ck_assert_int_eq(story.accepted, story.ended);
    ck_assert_int_eq(story.opened, story.closed);
}

START_TEST(any_function_may_be_called_in_any_callback)
{
    static const struct nacre_auth_policy policy = {.password = on_password,
                                                    .attempted = on_attempted};
    static const struct nacre_server_events events = {.accepted = on_accepted,
                                                      .authenticated = on_authenticated,
                                                      .ended = on_ended,
                                                      .counters = on_counters};
    struct nacre_server_config config = {.auth = &policy,
                                         .events = &events,
                                         .lookup = look_up,
                                         .drain_ms = 1000,
                                         .workers = 1 + (unsigned)_i % 2};

    story.where = callbacks[_i / ACTIONS];
    story.act = actions[_i % ACTIONS];
    serve_config(&served, config);
    if (strcmp(story.where, "counters") == 0)
        nacre_server_report(served.server);
    else
        run_client();
    wait_until_done();
    if (story.act != free_server)
        nacre_server_stop(served.server);
    ck_assert_int_eq(pthread_join(served.thread, NULL), 0);
    if (story.act != free_server)
        nacre_server_free(served.server);
    assert_ended();
    nacre_key_free(served.key);
}
END_TEST

/* ---- outside of nacre_server_run ---- */

static void work_slowly(void *job)
{
    (void)job;
    (void)usleep(50 * 1000);
}

static bool answered;

static void free_while_freeing(void *job)
{
    (void)job;
    answered = true;
    nacre_server_free(served.server);
    nacre_server_run(served.server);
}

static void leave_a_job(struct nacre_peer *peer, const char *user)
{
    (void)user;
    ck_assert(nacre_peer_offload(peer, work_slowly, free_while_freeing, NULL));
    nacre_server_stop(served.server);
}

START_TEST(a_callback_of_nacre_server_free_may_free_and_run_it)
{
    static const struct nacre_server_events events = {.authenticated = leave_a_job};
    static const struct nacre_auth_policy policy = {.password = on_password};

    story.where = "";
    serve_config(&served,
                 (struct nacre_server_config){
                     .auth = &policy, .events = &events, .lookup = look_up, .drain_ms = 1});
    run_client();
    end_server(&served);
    ck_assert(answered);
}
END_TEST

static struct nacre_decision *open_question;

static void ask_later(void *peer, struct nacre_decision *decision, const char *user,
                      const char *password)
{
    (void)peer;
    (void)user;
    (void)password;
    open_question = decision;
    nacre_server_free(served.server);
}

START_TEST(a_decision_may_be_answered_after_the_server_was_freed)
{
    static const struct nacre_auth_policy policy = {.password = ask_later};

    serve_config(&served, (struct nacre_server_config){.auth = &policy});
    run_client();
    ck_assert_int_eq(pthread_join(served.thread, NULL), 0);
    ck_assert_ptr_nonnull(open_question);
    nacre_decide(open_question, true);
    nacre_key_free(served.key);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_loop(suite, any_function_may_be_called_in_any_callback, 0, CALLBACKS * ACTIONS);
    add_test(suite, a_callback_of_nacre_server_free_may_free_and_run_it);
    add_test(suite, a_decision_may_be_answered_after_the_server_was_freed);
}
