#include "tests/callbacks/sockets.h"

#include <string.h>
#include <unistd.h>

static struct nacre_channel_app apps[2];

static struct party *party_of(struct nacre_channel *ch)
{
    return place_of_channel(ch).side == &parties[NACRE_SERVER].side ? &parties[NACRE_SERVER]
                                                                    : &parties[NACRE_CLIENT];
}

static bool is_server(struct nacre_channel *ch)
{
    return party_of(ch)->side.role == NACRE_SERVER;
}

/* ---- helpers ---- */

static void on_work(void *context)
{
    struct party *p = context;

    p->working = false;
}

static void on_ready_event(void *context)
{
    struct party *p = context;
    uint64_t count;

    (void)!read(p->event, &count, sizeof count);
    if (p->has_mailbox)
        (void)nacre_mailbox_post(p->mailbox, on_nacre_mailbox_post_call, p);
    if (p->has_mailbox && p->offload != NULL) {
        struct nacre_job job = {NACRE_VERSION_NUMBER, on_work, on_nothing, p, 1, 0, NULL};

        p->working = true;
        hook_nacre_job(p->side.role, &job);
        (void)nacre_offload_submit(p->offload, &job, p->mailbox);
    }
}

void on_nothing(void *context)
{
    (void)context;
}

static void on_drained(struct nacre_channel *ch)
{
    nacre_channel_close(ch);
}

/* A stream that reads its end at once. */
static void join_stream(struct nacre_channel *ch)
{
    struct nacre_stream_config config = {.error = -1, .output = -1, .drained = on_drained};
    struct place here = place_of_channel(ch);
    int fds[2];

    if (here.loop == NULL || pipe(fds) != 0)
        return;
    config.input = fds[0];
    (void)close(fds[1]);
    hook_nacre_stream_config(here.side->role, &config);
    (void)nacre_stream_join(ch, here.loop, &config);
}

/* ---- channels ---- */

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    bool ours = is_server(ch) == (strcmp(nacre_channel_type(ch), "back") == 0);

    if (strcmp(nacre_channel_type(ch), "session") != 0 && !ours)
        join_stream(ch);
    else if (ours && !is_server(ch))
        (void)nacre_channel_exec(ch, "x");
    return NACRE_GRANT;
}

static void write_much(struct nacre_channel *ch)
{
    static const char x[32 * 1024];

    for (int i = 0; i < 8; i++)
        (void)nacre_channel_write(ch, x, sizeof x);
}

static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    look_at_bytes(data, len);
    (void)ch;
    return len;
}

/* The client has written all that it will. */
static void on_writable(struct nacre_channel *ch)
{
    if (!is_server(ch))
        nacre_channel_eof(ch);
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    struct party *p = party_of(ch);
    struct place here = place_of_channel(ch);

    (void)request;
    if (p->side.role == NACRE_CLIENT || here.session == NULL || p->opened_back)
        return NACRE_GRANT;
    p->opened_back = true;
    party_add(p, nacre_session_open_channel(here.session, "back", &apps[0], NULL, NULL, 0));
    (void)nacre_session_global_request(here.session, "x@example", true, "", 0);
    (void)nacre_channel_request(ch, "x@example", true, "", 0);
    return NACRE_GRANT;
}

/* The server allows three. */
static void open_streams(struct nacre_channel *ch)
{
    struct place here = place_of_channel(ch);

    for (int i = 0; i < 3 && here.session != NULL; i++)
        party_add(&parties[NACRE_CLIENT],
                  nacre_session_open_channel(here.session, "stream", &apps[0], NULL, NULL, 0));
}

static void on_replied(struct nacre_channel *ch, bool granted)
{
    (void)granted;
    if (is_server(ch))
        (void)nacre_channel_write_extended(ch, "x", 1);
    else
        open_streams(ch);
    write_much(ch);
}

static void on_eof(struct nacre_channel *ch)
{
    if (!is_server(ch) || strcmp(nacre_channel_type(ch), "session") != 0)
        return;
    nacre_channel_exit_status(ch, 0);
    nacre_channel_close(ch);
}

static void on_close(struct nacre_channel *ch)
{
    (void)nacre_channel_peer_closed(ch);
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct place here = place_of_channel(ch);

    look_at_text(why->text);
    party_remove(party_of(ch), ch);
    if (here.client != NULL && why->cause != NACRE_OPEN_REFUSED &&
        strcmp(nacre_channel_type(ch), "session") == 0)
        nacre_client_close(here.client, "done");
}

static const struct nacre_channel_app *on_lookup(void *context, const char *type)
{
    (void)context;
    look_at_text(type);
    return &apps[0];
}

static enum nacre_answer on_global(void *context, const struct nacre_global_request *request,
                                   uint32_t *port)
{
    (void)context;
    look_at_text(request->host);
    *port = 1;
    return NACRE_GRANT;
}

static void on_global_replied(void *context, bool granted, const uint8_t *data, size_t len)
{
    (void)context;
    (void)granted;
    look_at_bytes(data, len);
}

/* ---- the server ---- */

static void decide_later(void *context)
{
    struct party *p = context;
    struct nacre_decision *decision = p->pending;

    p->pending = NULL;
    if (decision != NULL)
        nacre_decide(decision, true);
}

static void on_publickey(void *context, struct nacre_decision *d, const char *user,
                         const struct nacre_key_offer *offer)
{
    struct place here = place_of_context(context);
    struct party *p = &parties[NACRE_SERVER];

    (void)user;
    look_at_bytes(offer->key, offer->key_len);
    if (here.peer == NULL) {
        nacre_decide(d, false);
        return;
    }
    p->pending = p->asked;
    if (!nacre_peer_offload(here.peer, on_nacre_peer_offload_work, on_nacre_peer_offload_done, p))
        decide_later(p);
}

static void on_password(void *context, struct nacre_decision *d, const char *user,
                        const char *password)
{
    (void)context;
    (void)user;
    if (strcmp(password, "old") == 0)
        nacre_decide_change_password(d, "New: ");
    else
        nacre_decide(d, false);
}

static void on_change(void *context, struct nacre_decision *d, const char *user, const char *old,
                      const char *new)
{
    (void)context;
    (void)user;
    (void)old;
    nacre_decide(d, strcmp(new, "new") == 0);
}

static void on_interactive(void *context, struct nacre_decision *d, const char *user,
                           const char *const *responses, size_t count)
{
    static const struct nacre_prompt prompt = {"Code: ", true};

    (void)context;
    (void)user;
    if (responses == NULL)
        nacre_decide_ask_more(d, "", "", &prompt, 1);
    else
        nacre_decide(d, count == 1);
}

static void on_attempted(void *context, const char *user, const char *method, bool granted)
{
    (void)context;
    (void)user;
    (void)method;
    (void)granted;
}

static void on_key_refused(void *context, const char *user, const char *algorithm,
                           const char *reason)
{
    (void)context;
    (void)user;
    (void)algorithm;
    (void)reason;
}

static void on_text(void *context, const char *text)
{
    (void)context;
    look_at_text(text);
}

static void on_accepted(struct nacre_peer *peer)
{
    if (place_of_peer(peer).server != NULL) /* which no action has freed */
        helpers_start(&parties[NACRE_SERVER], nacre_peer_loop(peer));
}

static void on_authenticated(struct nacre_peer *peer, const char *user)
{
    look_at_text(nacre_peer_address(peer));
    look_at_text(user);
}

static void on_peer_ended(struct nacre_peer *peer, const struct nacre_end *why)
{
    struct party *p = &parties[NACRE_SERVER];

    look_at_text(why->text);
    if (p->peer == peer)
        p->peer = NULL;
}

static void on_refused(void *context, const char *address, enum nacre_limit limit,
                       uint64_t unlogged)
{
    (void)limit;
    (void)unlogged;
    on_text(context, address);
}

static void on_limited(struct nacre_peer *peer, enum nacre_limit limit)
{
    (void)peer;
    look_at_text(nacre_limit_name(limit));
}

static void on_counters(void *context, const struct nacre_server *server)
{
    (void)context;
    (void)nacre_server_counter(server, NACRE_COUNT_MEMORY);
}

static void on_draining(void *context, uint32_t connections)
{
    (void)context;
    (void)connections;
}

static bool on_bound(void *context, char *errbuf, size_t size)
{
    (void)context;
    (void)errbuf;
    (void)size;
    return true;
}

static void on_released(void *context)
{
    (void)context;
}

static void make_apps(void)
{
    for (int i = 0; i < 2; i++) {
        apps[i] = (struct nacre_channel_app){on_open,    on_data, on_data,  on_writable, on_request,
                                             on_replied, on_eof,  on_close, on_closed};
        hook_nacre_channel_app(i == 0 ? NACRE_SERVER : NACRE_CLIENT, &apps[i]);
    }
    things.app = &apps[0];
    things.work = things.done = on_nothing;
    script_nacre_watch_new_ready = on_ready_event;
    script_nacre_mailbox_post_call = on_nothing;
    script_nacre_peer_offload_work = on_nothing;
    script_nacre_peer_offload_done = decide_later;
}

void server_script(struct nacre_server_config *config)
{
    static struct nacre_auth_policy policy;
    static struct nacre_server_events events;

    make_apps();
    policy = (struct nacre_auth_policy){.password = on_password,
                                        .publickey = on_publickey,
                                        .interactive = on_interactive,
                                        .change_password = on_change,
                                        .require = "publickey,password,keyboard-interactive",
                                        .banner = "Hello.\r\n",
                                        .attempted = on_attempted,
                                        .key_refused = on_key_refused};
    events = (struct nacre_server_events){on_text,       on_accepted, on_authenticated,
                                          on_peer_ended, on_text,     on_refused,
                                          on_limited,    on_counters, on_draining};
    config->lookup = on_lookup;
    config->global_request = on_global;
    config->global_replied = on_global_replied;
    config->bound = on_bound;
    config->released = on_released;
    config->auth = &policy;
    config->events = &events;
    config->context = &parties[NACRE_SERVER];
    hook_nacre_auth_policy(NACRE_SERVER, &policy);
    hook_nacre_server_events(NACRE_SERVER, &events);
    hook_nacre_server_config(NACRE_SERVER, config);
}

/* ---- the client ---- */

static void on_ask(struct nacre_client *client, const struct nacre_ask *ask)
{
    const char *response = ask->kind == NACRE_ASK_NEW_PASSWORD ? "new" : "old";

    if (nacre_client_session(client) != NULL)
        nacre_session_respond(nacre_client_session(client), &response, 1);
}

static void on_banner(struct nacre_client *client, const char *text)
{
    (void)client;
    look_at_text(text);
}

static enum nacre_answer on_host_key(struct nacre_client *client,
                                     const struct nacre_host_key *shown,
                                     enum nacre_host_verdict verdict, const char *sentence)
{
    (void)client;
    (void)verdict;
    look_at_bytes(shown->key, shown->len);
    look_at_text(sentence);
    return true;
}

static void on_ready(struct nacre_client *client)
{
    struct nacre_session *session = nacre_client_session(client);

    if (session == NULL)
        return;
    (void)nacre_session_forward(session, "localhost", 0, false);
    party_add(&parties[NACRE_CLIENT],
              nacre_session_open_channel(session, "session", &apps[0], NULL, NULL, 0));
}

static void on_client_ended(struct nacre_client *client, const struct nacre_end *why)
{
    struct party *p = &parties[NACRE_CLIENT];

    look_at_text(why->text);
    if (p->client == client)
        p->client = NULL;
}

void client_script(struct nacre_client_config *config)
{
    static struct nacre_known_hosts hosts;

    hosts.version = NACRE_VERSION_NUMBER;
    hosts.file = things.password_file; /* no line of which can be used */
    hosts.warn = on_text;
    hosts.context = &parties[NACRE_CLIENT];
    hook_nacre_known_hosts(NACRE_CLIENT, &hosts);
    config->known_hosts = &hosts;
    config->ask = on_ask;
    config->banner = on_banner;
    config->host_key = on_host_key;
    config->ready = on_ready;
    config->ended = on_client_ended;
    config->lookup = on_lookup;
    config->global_request = on_global;
    config->global_replied = on_global_replied;
    hook_nacre_client_config(NACRE_CLIENT, config);
}
