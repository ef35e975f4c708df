/* Functions of clients, called from inside their callbacks: each of the one in each of the other.
 * AddressSanitizer checks that nothing is freed that is still in use. */
#include "apps/runtime/offload.h"
#include "apps/runtime/stream.h"
#include "apps/runtime/watch.h"
#include "tests/support/client_story.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct served served;
static struct nacre_clients *clients;

/* What happens where: in the first call of that callback. */
static struct {
    const char *where;
    void (*act)(struct nacre_client *client, struct nacre_channel *ch); /* either may be NULL */
    bool done;
    bool freed; /* the clients were, by a callback */
    int begun, ended, opened, closed;
    struct nacre_client *client; /* NULL once it has ended */
} story;

static void reached(const char *where, struct nacre_client *client, struct nacre_channel *ch)
{
    if (story.done || strcmp(where, story.where) != 0)
        return;
    story.done = true;
    story.act(client, ch);
}

/* ---- the callbacks ---- */

static bool on_key(struct nacre_client *client, const struct nacre_host_key *shown,
                   enum nacre_host_verdict verdict, const char *sentence)
{
    (void)shown;
    (void)verdict;
    (void)sentence;
    reached("host_key", client, NULL);
    return true;
}

static void on_ask(struct nacre_client *client, const struct nacre_ask *ask)
{
    const char *responses[] = {"secret"};

    reached("ask", client, NULL);
    if (nacre_client_session(client) != NULL)
        nacre_session_respond(nacre_client_session(client), responses, ask->count);
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
    return nacre_stream_join(ch, nacre_client_loop(nacre_channel_context(ch)), &config) != NULL;
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    ck_assert(nacre_channel_exec(ch, "cat"));
    reached("open", nacre_channel_context(ch), ch);
    return NACRE_GRANT;
}

static void on_replied(struct nacre_channel *ch, bool granted)
{
    (void)granted;
    if (strcmp(story.where, "drained") == 0) {
        (void)join_stream(ch);
        return;
    }
    reached("replied", nacre_channel_context(ch), ch);
    (void)nacre_channel_write(ch, "hello\n", 6);
    nacre_channel_eof(ch);
}

static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    (void)data;
    reached("data", nacre_channel_context(ch), ch);
    return len;
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    (void)request;
    reached("request", nacre_channel_context(ch), ch);
    return NACRE_GRANT;
}

static void on_eof(struct nacre_channel *ch)
{
    reached("eof", nacre_channel_context(ch), ch);
}

static void on_close(struct nacre_channel *ch)
{
    reached("close", nacre_channel_context(ch), ch);
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    (void)why;
    story.closed++;
    reached("closed", nacre_channel_context(ch), ch);
    nacre_client_close(nacre_channel_context(ch), "done");
}

static const struct nacre_channel_app app = {.open = on_open,
                                             .replied = on_replied,
                                             .data = on_data,
                                             .request = on_request,
                                             .eof = on_eof,
                                             .close = on_close,
                                             .closed = on_closed};

static void open_channel(struct nacre_client *client)
{
    struct nacre_session *session = nacre_client_session(client);

    if (nacre_session_open_channel(session, "session", &app, NULL, NULL, 0) != NULL)
        story.opened++;
}

static void on_ready(struct nacre_client *client)
{
    open_channel(client);
    reached("ready", client, NULL);
}

static void on_ended(struct nacre_client *client, const struct nacre_end *why)
{
    (void)why;
    story.ended++;
    if (client == story.client)
        story.client = NULL;
    reached("ended", client, NULL);
}

/* The descriptor is readable from the beginning. */
static struct nacre_watch *watch;
static int watched;

static void on_watch(void *context)
{
    (void)context;
    nacre_watch_free(watch);
    watch = NULL;
    reached("watch", story.client, NULL);
}

static struct nacre_mailbox mailbox;
static struct nacre_watch *mail;

static void on_mail(void *context)
{
    (void)context;
    nacre_mailbox_run(&mailbox);
}

static void on_posted(void *context)
{
    (void)context;
    reached("posted", story.client, NULL);
}

static const char *const callbacks[] = {"host_key", "ask",     "ready", "open",   "replied",
                                        "data",     "request", "eof",   "close",  "closed",
                                        "ended",    "drained", "watch", "posted", "unconnected"};

/* ---- the functions ---- */

static void free_clients(struct nacre_client *client, struct nacre_channel *ch)
{
    (void)client;
    (void)ch;
    story.freed = true;
    nacre_clients_free(clients);
}

static void stop_clients(struct nacre_client *client, struct nacre_channel *ch)
{
    (void)client;
    (void)ch;
    nacre_clients_stop(clients);
}

static void run_clients(struct nacre_client *client, struct nacre_channel *ch)
{
    (void)client;
    (void)ch;
    nacre_clients_run(clients);
    (void)nacre_clients_run_once(clients, 10);
    ck_assert_int_ge(nacre_clients_fd(clients), 0);
    (void)nacre_clients_timeout(clients);
}

static void close_client(struct nacre_client *client, struct nacre_channel *ch)
{
    (void)ch;
    if (client != NULL)
        nacre_client_close(client, "enough");
}

static void free_session(struct nacre_client *client, struct nacre_channel *ch)
{
    (void)ch;
    if (client != NULL && nacre_client_session(client) != NULL)
        nacre_session_free(nacre_client_session(client));
}

static void lose_session(struct nacre_client *client, struct nacre_channel *ch)
{
    (void)ch;
    if (client != NULL && nacre_client_session(client) != NULL)
        nacre_session_lost(nacre_client_session(client));
}

static void connect_another(struct nacre_client *client, struct nacre_channel *ch)
{
    (void)client;
    (void)ch;
    if (nacre_client_connect(clients, address(&served), NULL, NULL, 0) != NULL)
        story.begun++;
}

static void open_another(struct nacre_client *client, struct nacre_channel *ch)
{
    (void)ch;
    if (client != NULL && nacre_client_session(client) != NULL)
        open_channel(client);
}

static void join_channel(struct nacre_client *client, struct nacre_channel *ch)
{
    bool again = strcmp(story.where, "drained") == 0, late = strcmp(story.where, "closed") == 0;

    (void)client;
    if (ch != NULL)
        ck_assert_int_eq(join_stream(ch), !again && !late);
}

static void close_channel(struct nacre_client *client, struct nacre_channel *ch)
{
    (void)client;
    if (ch != NULL)
        nacre_channel_close(ch);
}

static void post(struct nacre_client *client, struct nacre_channel *ch)
{
    (void)client;
    (void)ch;
    ck_assert(nacre_mailbox_post(&mailbox, on_posted, NULL));
    nacre_mailbox_run(&mailbox);
}

static void free_watches(struct nacre_client *client, struct nacre_channel *ch)
{
    (void)client;
    (void)ch;
    nacre_watch_free(watch);
    watch = nacre_watch_new(nacre_clients_loop(clients), watched, on_watch, NULL);
    ck_assert_ptr_nonnull(watch);
}

static void (*const actions[])(struct nacre_client *client, struct nacre_channel *ch) = {
    free_clients,    stop_clients, run_clients,  close_client,  free_session, lose_session,
    connect_another, open_another, join_channel, close_channel, post,         free_watches,
};

enum {
    CALLBACKS = sizeof callbacks / sizeof callbacks[0],
    ACTIONS = sizeof actions / sizeof actions[0],
};

/* ---- all of it ---- */

/* A client for which nothing listens ends without a session. */
static void on_unconnected(struct nacre_client *client, const struct nacre_end *why)
{
    (void)why;
    story.ended++;
    story.client = NULL;
    reached("unconnected", client, NULL);
}

static void begin(bool connects)
{
    static struct nacre_client_config config;
    char errbuf[256];

    config = (struct nacre_client_config){.user = "alice",
                                          .ask = on_ask,
                                          .host_key = on_key,
                                          .ready = on_ready,
                                          .ended = connects ? on_ended : on_unconnected};
    clients = clients_with(&config);
    watched = eventfd(1, EFD_CLOEXEC);
    watch = nacre_watch_new(nacre_clients_loop(clients), watched, on_watch, NULL);
    ck_assert(watch != NULL && nacre_mailbox_init(&mailbox));
    mail = nacre_watch_new(nacre_clients_loop(clients), nacre_mailbox_fd(&mailbox), on_mail, NULL);
    ck_assert(mail != NULL && nacre_mailbox_post(&mailbox, on_posted, NULL));
    story.client = nacre_client_connect(clients, connects ? address(&served) : "127.0.0.1:1", NULL,
                                        errbuf, sizeof errbuf);
    ck_assert_msg(story.client != NULL, "%s", errbuf);
    story.begun = 1;
}

static void run_for_a_while(void)
{
    for (int i = 0; i < 20 && !story.freed && story.ended < story.begun; i++)
        if (nacre_clients_run_once(clients, 10) == 0)
            break;
    if (story.freed)
        return;
    nacre_clients_stop(clients); /* a channel may have stayed open after what happened */
    nacre_clients_run(clients);
}

static void end(void)
{
    if (!story.freed) {
        nacre_watch_free(watch);
        nacre_watch_free(mail);
        nacre_clients_free(clients);
    }
    nacre_mailbox_clear(&mailbox);
    (void)close(watched);
    ck_assert_msg(story.done, "%s was not called", story.where);
    ck_assert_int_eq(story.ended, story.begun);
    ck_assert_int_eq(story.closed, story.opened);
}

START_TEST(any_function_may_be_called_in_any_callback)
{
    story.where = callbacks[_i / ACTIONS];
    story.act = actions[_i % ACTIONS];
    serve(&served, "127.0.0.1:0");
    begin(strcmp(story.where, "unconnected") != 0);
    run_for_a_while();
    end();
    end_server(&served);
}
END_TEST

START_TEST(clients_may_be_freed_between_iterations_in_any_phase)
{
    story.where = "";
    serve(&served, "127.0.0.1:0");
    begin(true);
    for (int i = 0; i < _i && story.ended == 0; i++)
        (void)nacre_clients_run_once(clients, 10);
    if (story.client != NULL && nacre_client_session(story.client) != NULL && _i % 2 == 1)
        nacre_session_lost(nacre_client_session(story.client));
    nacre_watch_free(watch);
    nacre_watch_free(mail);
    free_clients(NULL, NULL);
    story.done = true;
    end();
    end_server(&served);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_loop(suite, any_function_may_be_called_in_any_callback, 0, CALLBACKS * ACTIONS);
    add_loop(suite, clients_may_be_freed_between_iterations_in_any_phase, 0, 24);
}
