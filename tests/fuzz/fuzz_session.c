#include "tests/fuzz/fuzz_session.h"

/* Its static functions, to put a session into a phase directly */
#include "apps/session/session.c" /* NOLINT(bugprone-suspicious-include) */
#include "auth/parts.h"
#include "connection/parts.h"
#include "transport/key_pair.h"
#include "transport/parts.h"
#include "transport/version.h"

#include <stdlib.h>
#include <string.h>

enum {
    CHANNELS = 8,
    KEEPS = 1,   /* the application accepts no data */
    LATER = 2,   /* answers come later */
    REFUSES = 4, /* answers are no */
    UNREAD = 8,  /* the peer reads nothing */
    ECHOES = 16, /* data is written back */
    INSIDE = 32, /* callbacks act too */
    RENEWS = 64, /* rekeys are frequent */
    STERN = 128, /* a server requires two methods, a client has no user to ask */
};

/* The current run. */
struct run {
    struct nacre_endpoint_config config;
    struct nacre_auth_policy policy;
    struct nacre_session *session;
    struct nacre_channel *channels[CHANNELS];
    struct nacre_decision *decision;
    bool asked, ended;
    uint8_t options;
    unsigned acts;
    uint64_t now_ms;
};

static void act(struct run *run, unsigned what);

static enum nacre_answer say(const struct run *run)
{
    if (run->options & LATER)
        return NACRE_LATER;
    return run->options & REFUSES ? NACRE_REFUSE : NACRE_GRANT;
}

/* Sometimes, act inside a callback. */
static void inside(struct run *run)
{
    if ((run->options & INSIDE) && run->acts < 200)
        act(run, run->acts * 7);
}

/* ---- the application ---- */

/* The channel is about to be freed, also if it was refused. */
static void forget(struct nacre_channel *ch)
{
    struct nacre_channel **slot = nacre_channel_app_data(ch);

    if (slot == NULL)
        return;
    require(*slot == ch); /* once */
    *slot = NULL;
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    struct run *run = nacre_channel_context(ch);
    size_t len;
    enum nacre_answer answer = nacre_channel_app_data(ch) == NULL ? say(run) : NACRE_GRANT;

    require(!run->ended);
    (void)nacre_channel_open_data(ch, &len);
    (void)nacre_channel_target(ch);
    for (int i = 0; i < CHANNELS && answer != NACRE_REFUSE && nacre_channel_app_data(ch) == NULL;
         i++)
        if (run->channels[i] == NULL) {
            run->channels[i] = ch;
            nacre_channel_set_app_data(ch, &run->channels[i]);
        }
    if (answer != NACRE_REFUSE)
        inside(run);
    return answer;
}

static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    struct run *run = nacre_channel_context(ch);

    require(!run->ended && len > 0);
    inside(run);
    if (run->options & KEEPS)
        return 0;
    return run->options & ECHOES ? nacre_channel_write(ch, data, len) : len;
}

static void on_event(struct nacre_channel *ch)
{
    struct run *run = nacre_channel_context(ch);

    require(!run->ended);
    inside(run);
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *q)
{
    struct run *run = nacre_channel_context(ch);
    const uint8_t *modes = q->data;
    size_t left = q->kind == NACRE_REQUEST_PTY ? q->len : 0;
    uint32_t argument;
    uint8_t opcode;

    require(!run->ended && strlen(q->type) <= 64 && strlen(q->text) + strlen(q->value) < 1 << 17);
    while (nacre_terminal_mode_next(&modes, &left, &opcode, &argument))
        ;
    inside(run);
    return say(run);
}

static void on_replied(struct nacre_channel *ch, bool granted)
{
    (void)granted;
    on_event(ch);
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct run *run = nacre_channel_context(ch);

    require(!run->ended && why->cause != NACRE_OPEN && why->text != NULL);
    forget(ch);
    inside(run);
}

static const struct nacre_channel_app app = {
    .open = on_open,
    .data = on_data,
    .extended_data = on_data,
    .writable = on_event,
    .request = on_request,
    .replied = on_replied,
    .eof = on_event,
    .close = on_event,
    .closed = on_closed,
};

static const struct nacre_channel_app *lookup(void *context, const char *type)
{
    (void)context;
    return type[0] == 'x' ? NULL : &app;
}

static enum nacre_answer on_global(void *context, const struct nacre_global_request *q,
                                   uint32_t *port)
{
    const struct run *run = context;

    require(strlen(q->name) < 1000 && strlen(q->host) < sizeof q->host);
    *port = 22;
    return say(run);
}

/* ---- logging in ---- */

static void decide(struct run *run, struct nacre_decision *d)
{
    if (run->options & LATER)
        run->decision = d;
    else
        nacre_decide(d, !(run->options & REFUSES));
}

static void on_password(void *context, struct nacre_decision *d, const char *user,
                        const char *password)
{
    require(strlen(user) + strlen(password) < 1 << 16);
    if (password[0] == 'c')
        nacre_decide_change_password(d, "Change it");
    else
        decide(context, d);
}

static void on_change(void *context, struct nacre_decision *d, const char *user, const char *old,
                      const char *new)
{
    require(strlen(user) + strlen(old) + strlen(new) < 1 << 16);
    decide(context, d);
}

static void on_publickey(void *context, struct nacre_decision *d, const char *user,
                         const struct nacre_key_offer *offer)
{
    require(strlen(user) + strlen(offer->algorithm) < 1 << 16);
    require(offer->key != NULL && offer->key_len > 0);
    decide(context, d);
}

static void on_interactive(void *context, struct nacre_decision *d, const char *user,
                           const char *const *responses, size_t count)
{
    static const struct nacre_prompt prompts[] = {{.text = "Password: "}, {.text = "Code: "}};

    require(strlen(user) < 1 << 16);
    for (size_t i = 0; i < count; i++)
        require(strlen(responses[i]) < 1 << 16);
    if (count < 2)
        nacre_decide_ask_more(d, "name", "instruction", prompts, count == 0 ? 2 : 0);
    else
        decide(context, d);
}

static void on_ask(void *context, const struct nacre_ask *ask)
{
    static const char *const answers[NACRE_SERVER_PROMPTS_MAX] = {"secret", "1234"};
    const char *said[NACRE_SERVER_PROMPTS_MAX];
    struct run *run = context;

    require(ask->count <= NACRE_SERVER_PROMPTS_MAX);
    for (size_t i = 0; i < ask->count; i++) {
        require(strlen(ask->prompts[i].text) < 1 << 17);
        said[i] = answers[i] == NULL ? "" : answers[i];
    }
    if (run->options & LATER)
        run->asked = true;
    else
        nacre_session_respond(run->session, said, ask->count);
}

static void on_banner(void *context, const char *text)
{
    (void)context;
    require(strlen(text) < 1 << 17);
}

static enum nacre_answer on_host_key(void *context, const char *algorithm, const uint8_t *key,
                                     size_t len)
{
    (void)context;
    return strlen(algorithm) > 0 && key != NULL && len > 0;
}

static void on_ended(void *context, const struct nacre_end *why)
{
    struct run *run = context;

    require(!run->ended && why->cause != NACRE_OPEN && why->text != NULL);
    run->ended = true;
}

static const struct nacre_auth_policy policy = {
    .password = on_password,
    .publickey = on_publickey,
    .interactive = on_interactive,
    .change_password = on_change,
    .banner = "Hello\r\n",
};

/* ---- what happens besides messages ---- */

static struct nacre_channel *some_channel(const struct run *run, unsigned which)
{
    for (unsigned i = 0; i < CHANNELS; i++)
        if (run->channels[(i + which) % CHANNELS] != NULL)
            return run->channels[(i + which) % CHANNELS];
    return NULL;
}

static void open_channel(struct run *run)
{
    for (int i = 0; i < CHANNELS; i++)
        if (run->channels[i] == NULL) {
            run->channels[i] = nacre_session_open_channel(run->session, "session", &app,
                                                          &run->channels[i], "data", 4);
            return;
        }
}

static void use_channel(struct nacre_channel *ch, unsigned what)
{
    static const uint8_t data[3000];

    switch (what % 10) {
    case 0:
        (void)nacre_channel_write(ch, data, sizeof data);
        return;
    case 1:
        (void)nacre_channel_write_extended(ch, data, 100);
        return;
    case 2:
        nacre_channel_eof(ch);
        return;
    case 3:
        nacre_channel_close(ch);
        return;
    case 4:
        (void)nacre_channel_pty(ch, "xterm", 80, 24);
        return;
    case 5:
        (void)nacre_channel_exec(ch, "true");
        return;
    case 6:
        nacre_channel_answer_request(ch, what & 16);
        return;
    case 7:
        if (what & 64 && !(what & 16))
            nacre_channel_refuse_open(ch, NACRE_REASON_SHORTAGE, "no more of them");
        else
            nacre_channel_answer_open(ch, what & 16);
        return;
    case 8:
        nacre_channel_exit_status(ch, 1);
        return;
    default:
        nacre_channel_resume(ch);
    }
}

static void use_session(struct run *run, unsigned what)
{
    static const char *const said[] = {"secret"};
    struct nacre_decision *d = run->decision;

    switch (what % 6) {
    case 0:
        open_channel(run);
        return;
    case 1:
        nacre_session_rekey(run->session);
        return;
    case 2:
        nacre_session_answer_global(run->session, what & 16, 7);
        return;
    case 3:
        (void)nacre_session_forward(run->session, "localhost", 0, false);
        return;
    case 4:
        run->decision = NULL;
        if (d != NULL)
            nacre_decide(d, what & 16);
        return;
    default:
        if (run->asked)
            nacre_session_respond(run->session, said, 1);
        run->asked = false;
    }
}

static void act(struct run *run, unsigned what)
{
    struct nacre_channel *ch = some_channel(run, what / 32);

    run->acts++;
    if (what % 32 < 20 && ch != NULL)
        use_channel(ch, what);
    else
        use_session(run, what);
}

/* ---- the session ---- */

static struct nacre_key *the_key(void)
{
    static struct nacre_key key;
    const uint8_t seed[32] = {1};

    if (key.type == NULL)
        require(private_key_ed25519(&key, seed));
    return &key;
}

static void configure(struct run *run, enum nacre_role role, struct random_source random)
{
    static const struct nacre_limits limits = {
        .keepalive_ms = 60 * 1000, .keepalive_count = 3, .idle_ms = 7200 * 1000};
    static const struct nacre_key *keys[1];

    keys[0] = the_key();
    run->policy = policy;
    run->policy.require = run->options & STERN ? "publickey,password" : NULL;
    run->config = (struct nacre_endpoint_config){
        .version = NACRE_VERSION_NUMBER,
        .kex = "+diffie-hellman-*",
        .role = role,
        .auth = &run->policy,
        .lookup = lookup,
        .global_request = on_global,
        .user = role == NACRE_CLIENT ? "alice" : NULL,
        .password = role == NACRE_CLIENT ? "secret" : NULL,
        .ask = run->options & STERN ? NULL : on_ask,
        .banner = on_banner,
        .host_key_accepted = on_host_key,
        .ended = on_ended,
        .rekey_bytes = run->options & RENEWS ? 3000 : 0,
        .limits = &limits,
        .random = random.fill,
        .random_context = random.context,
    };
    *(role == NACRE_SERVER ? &run->config.host_keys : &run->config.keys) = keys;
    *(role == NACRE_SERVER ? &run->config.host_key_count : &run->config.key_count) = 1;
}

static void drain(struct run *run)
{
    size_t len;

    if (run->options & UNREAD) {
        nacre_session_sent(run->session, 0, run->now_ms);
        return;
    }
    while ((void)nacre_session_output(run->session, &len), len > 0)
        nacre_session_sent(run->session, len, run->now_ms);
}

/* What it left for later loop iterations: fewer than there can be messages. */
static void take_turns(struct run *run)
{
    for (int i = 0; nacre_session_deadline(run->session) <= run->now_ms; i++) {
        require(i < 1 << 16);
        nacre_session_tick(run->session, run->now_ms);
        drain(run);
    }
}

static void receive(struct run *run, const uint8_t *data, size_t len)
{
    while (len > 0 && nacre_session_ended(run->session) == NULL) {
        size_t room;
        uint8_t *at = nacre_session_input(run->session, &room);
        size_t n = len < room ? len : room;

        if (n > 0)
            memcpy(at, data, n);
        nacre_session_received(run->session, n, run->now_ms);
        drain(run);
        take_turns(run);
        if (n == 0) /* it waits for something that never comes */
            return;
        data += n;
        len -= n;
    }
}

static void finish(struct run *run, struct nacre_endpoint *endpoint)
{
    nacre_session_tick(run->session, run->now_ms);
    take_turns(run);
    nacre_session_free(run->session);
    require(run->ended);
    for (int i = 0; i < CHANNELS; i++)
        require(run->channels[i] == NULL);
    if (run->decision != NULL)
        nacre_decide(run->decision, true);
    require(nacre_endpoint_memory_in_use(endpoint) == 0);
    nacre_endpoint_free(endpoint);
}

static struct nacre_endpoint *begin(struct run *run, enum nacre_role role,
                                    struct random_seeded *state)
{
    const uint8_t seed[32] = {2};
    struct nacre_endpoint *endpoint;

    configure(run, role, random_from_seed(state, seed));
    endpoint = nacre_endpoint_new(&run->config, NULL, 0);
    require(endpoint != NULL);
    run->session = nacre_session_new(endpoint, run, 0);
    require(run->session != NULL);
    drain(run);
    return endpoint;
}

int fuzz_stream(enum nacre_role role, const uint8_t *data, size_t len)
{
    struct run run = {.options = 0};
    struct random_seeded state;
    struct nacre_endpoint *endpoint = begin(&run, role, &state);

    receive(&run, data, len);
    finish(&run, endpoint);
    return 0;
}

/* A cipher that changes nothing but counts as one. */
static const struct cipher_method *plain(void)
{
    static struct cipher_method method;

    method = cipher_none;
    return &method;
}

/* As after a key exchange. */
static void put_into(struct nacre_session *s, enum phase phase)
{
    struct transport *t = s->transport;
    struct bytes blob = private_key_blob(the_key());
    int which = phase == PHASE_AUTH ? SERVICE_AUTH : SERVICE_CONNECTION;

    t->sending.cipher = t->receiving.cipher = plain();
    t->peer.version = pool_allocate(t->pool, 1); /* an empty one */
    require(t->peer.version != NULL);
    t->peer.version[0] = '\0';
    t->session_id_len = 32;
    t->negotiated.host_key = the_key()->type;
    t->host_key.own = the_key();
    t->host_key.blob = pool_allocate(t->pool, blob.len);
    t->host_key_len = (uint16_t)blob.len;
    memcpy(t->host_key.blob, blob.at, blob.len);
    t->phase = phase;
    s->auth->succeeded = which == SERVICE_CONNECTION;
    require(transport_start_service(t, which) == 0);
}

/* After a key exchange the messages continue in the same way: as decryption would return them. */
static void leave_unencrypted(struct nacre_session *s)
{
    struct direction *d = &s->transport->receiving;
    uint32_t seq = d->seq;

    if (d->cipher == &cipher_none || d->cipher == plain())
        return;
    direction_clear(d, s->transport->pool);
    direction_init(d);
    d->cipher = plain();
    d->seq = seq;
}

/* RFC 4253 section 6, without keys */
static void receive_message(struct run *run, const uint8_t *message, size_t len)
{
    uint8_t packet[FUZZ_ACT + 32];
    size_t padding = 4 + (8 - (4 + 1 + len + 4) % 8) % 8;

    store_u32(packet, (uint32_t)(1 + len + padding));
    packet[4] = (uint8_t)padding;
    memcpy(packet + 5, message, len);
    memset(packet + 5 + len, 0, padding);
    receive(run, packet, 5 + len + padding);
    leave_unencrypted(run->session);
}

static void receive_version(struct run *run)
{
    receive(run, (const uint8_t *)version_ours, strlen(version_ours));
    receive(run, (const uint8_t *)"\r\n", 2);
}

int fuzz_messages(enum nacre_role role, enum phase phase, const uint8_t *data, size_t len)
{
    struct run run = {.options = len == 0 ? 0 : data[0]};
    struct random_seeded state;
    struct nacre_endpoint *endpoint = begin(&run, role, &state);
    const uint8_t *end = data + len;

    if (phase == PHASE_KEXINIT)
        receive_version(&run);
    else
        put_into(run.session, phase);
    drain(&run);
    for (data += len > 0; end - data >= 2 && nacre_session_ended(run.session) == NULL;) {
        size_t n = (size_t)data[0] << 8 | data[1];

        data += 2;
        if (n >= FUZZ_ACT) {
            act(&run, (unsigned)n);
            run.now_ms += n == 0xffff ? 3600 * 1000 : n == 0xfffe ? 61 * 1000 : 1;
            nacre_session_tick(run.session, run.now_ms);
            drain(&run);
            continue;
        }
        n = n < (size_t)(end - data) ? n : (size_t)(end - data);
        if (n > 0)
            receive_message(&run, data, n);
        data += n;
    }
    finish(&run, endpoint);
    return 0;
}
