#include "tests/callbacks/memory.h"

#include <stdlib.h>
#include <string.h>

static struct nacre_channel_app apps[2];
static struct nacre_key host_key, other_key, user_key;
static struct nacre_key empty_key = {.type = "ssh-ed25519"}; /* of no use to any server */

/* ---- the applications ---- */

static struct end *end_at(struct nacre_channel *ch)
{
    return nacre_channel_context(ch);
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    struct known *k = known_find(end_at(ch), ch);

    if (strcmp(nacre_channel_type(ch), "refused") == 0) {
        k->refused = true;
        return NACRE_REFUSE;
    }
    if (strcmp(nacre_channel_type(ch), "later") != 0)
        return NACRE_GRANT;
    k->later = end_at(ch)->side.role == NACRE_SERVER;
    return NACRE_LATER;
}

/* Half of it at a time, so that bytes stay unaccepted. */
static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    (void)ch;
    look_at_bytes(data, len);
    return (len + 1) / 2;
}

static void on_writable(struct nacre_channel *ch)
{
    (void)nacre_channel_write(ch, "x", 1);
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    if (request->kind != NACRE_REQUEST_EXEC)
        return NACRE_GRANT;
    known_find(end_at(ch), ch)->later_request = true;
    return NACRE_LATER;
}

static void on_replied(struct nacre_channel *ch, bool granted)
{
    (void)granted;
    nacre_channel_resume(ch);
}

static void on_eof(struct nacre_channel *ch)
{
    if (end_at(ch)->side.role == NACRE_CLIENT || strcmp(nacre_channel_type(ch), "session") != 0)
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
    look_at_text(why->text);
    look_at_text(nacre_channel_type(ch)); /* it is still there */
    *known_find(end_at(ch), ch) = (struct known){.ch = NULL};
}

static const struct nacre_channel_app *on_lookup(void *context, const char *type)
{
    const struct end *e = context;

    return strcmp(type, "unknown") == 0 ? NULL : &apps[e->side.role];
}

static enum nacre_answer on_global(void *context, const struct nacre_global_request *request,
                                   uint32_t *port)
{
    struct end *e = context;

    look_at_text(request->host);
    *port = 1;
    e->later_global = true;
    return NACRE_LATER;
}

static void on_global_replied(void *context, bool granted, const uint8_t *data, size_t len)
{
    (void)context;
    (void)granted;
    look_at_bytes(data, len);
}

/* ---- the login ---- */

static bool is_user_key(const uint8_t *key, size_t len)
{
    return bytes_equal((struct bytes){key, len}, private_key_blob(&user_key));
}

/* The user's key is granted later, unless the action has answered. */
static void on_publickey(void *context, struct nacre_decision *d, const char *user,
                         const struct nacre_key_offer *offer)
{
    struct end *e = context;

    (void)user;
    if (is_user_key(offer->key, offer->key_len))
        e->pending = e->asked;
    else
        nacre_decide(d, false);
}

static void on_password(void *context, struct nacre_decision *d, const char *user,
                        const char *password)
{
    (void)context;
    (void)user;
    if (strcmp(password, "old") == 0)
        nacre_decide_change_password(d, "New: ");
    else
        nacre_decide(d, strcmp(password, "new") == 0);
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
        nacre_decide(d, count == 1 && strcmp(responses[0], "old") == 0);
}

static void on_attempted(void *context, const char *user, const char *method, bool granted)
{
    (void)context;
    (void)user;
    (void)method;
    (void)granted;
}

static void on_ask(void *context, const struct nacre_ask *ask)
{
    struct end *e = context;

    if (ask->kind == NACRE_ASK_NEW_PASSWORD)
        e->later_ask = true;
    else
        nacre_session_respond(e->session, (const char *const[]){"old"}, 1);
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

static enum nacre_answer on_host_key(void *context, const char *algorithm, const uint8_t *key,
                                     size_t len)
{
    (void)context;
    (void)algorithm;
    return bytes_equal((struct bytes){key, len}, private_key_blob(&host_key));
}

static void on_ended(void *context, const struct nacre_end *why)
{
    struct end *e = context;

    if (context == &extra)
        return;
    look_at_text(why->text);
    e->ended++;
    for (int i = 0; i < KNOWN_MAX; i++)
        if (e->known[i].ch != NULL)
            fault("ended before closed");
}

static void on_freed(void *context)
{
    struct end *e = context;

    if (context == &extra)
        return;
    if (e->ended != 1)
        fault("freed before ended");
    e->freed++;
    e->session = NULL;
}

static void on_wake(void *context)
{
    (void)context;
}

/* ---- what only reads ---- */

static void on_message(void *context, enum nacre_direction direction, uint32_t seq,
                       const char *phase, const uint8_t *payload, size_t len)
{
    (void)context;
    (void)direction;
    (void)seq;
    look_at_text(phase);
    look_at_bytes(payload, len);
}

static void on_negotiated(void *context, const struct nacre_negotiated *choice)
{
    (void)context;
    look_at_text(choice->kex);
}

static void on_mismatch(void *context, const char *kind, const char *client, size_t client_len,
                        const char *server, size_t server_len)
{
    on_text(context, kind);
    look_at_bytes(client, client_len);
    look_at_bytes(server, server_len);
}

static void on_limited(void *context, enum nacre_limit limit)
{
    (void)context;
    (void)limit;
}

static void on_secret(void *context, char label, const uint8_t *bytes, size_t len)
{
    (void)context;
    (void)label;
    look_at_bytes(bytes, len);
}

static void on_packet(void *context, enum nacre_direction direction, const uint8_t *bytes,
                      size_t len)
{
    (void)context;
    (void)direction;
    look_at_bytes(bytes, len);
}

static void *allocate(void *context, size_t size)
{
    (void)context;
    return malloc(size);
}

static void release(void *context, void *block, size_t size)
{
    (void)context;
    look_at_bytes(block, size);
    free(block);
}

static void fill_random(void *context, uint8_t *out, size_t len)
{
    struct end *e = context;

    e->random.fill(e->random.context, out, len);
}

/* ---- the two ends ---- */

static void make_key(struct nacre_key *key, uint8_t byte)
{
    uint8_t seed[32];

    memset(seed, byte, sizeof seed);
    if (!private_key_ed25519(key, seed))
        fault("no key");
}

/* Put off, unless an action has answered. */
static void on_sign(void *context, struct nacre_signing *signing)
{
    struct end *e = context;

    if (e->signing_answered != signing)
        e->signing = signing;
    e->signing_answered = NULL;
}

/* The host key and the key that logs in are elsewhere. */
static const struct nacre_key *make_external(enum nacre_role role, const struct nacre_key *secret)
{
    static struct nacre_key *keys[2];

    nacre_key_free(keys[role]);
    ends[role].secret = secret;
    script_nacre_key_external_sign = on_sign;
    keys[role] = nacre_key_external(secret, on_nacre_key_external_sign, &ends[role]);
    if (keys[role] == NULL)
        fault("no key");
    return keys[role];
}

static struct nacre_endpoint_config config_for(enum nacre_role role)
{
    static const struct nacre_key *host_keys[1], *keys[] = {&empty_key, &other_key, NULL};
    static struct nacre_auth_policy policy;
    static struct nacre_observer observers[2];
    static const struct nacre_limits hurried = {.auth_delay_ms = NACRE_UNLIMITED};
    struct nacre_endpoint_config config = {.version = NACRE_VERSION_NUMBER,
                                           .role = role,
                                           .kex = "curve25519-sha256",
                                           .host_keys = host_keys,
                                           .host_key_count = 1,
                                           .auth = &policy,
                                           .lookup = on_lookup,
                                           .global_request = on_global,
                                           .global_replied = on_global_replied,
                                           .user = "alice",
                                           .password = "wrong",
                                           .keys = keys,
                                           .key_count = 3,
                                           .ask = on_ask,
                                           .banner = on_text,
                                           .host_key_accepted = on_host_key,
                                           .authenticated = on_text,
                                           .ended = on_ended,
                                           .freed = on_freed,
                                           .wake = on_wake,
                                           .observer = &observers[role],
                                           .memory = &ends[role].memory,
                                           .secrets = &ends[role].memory,
                                           .random = fill_random,
                                           .random_context = &ends[role],
                                           .limits = &hurried};

    if (role == NACRE_SERVER)
        host_keys[0] = make_external(role, &host_key);
    else
        keys[2] = make_external(role, &user_key);
    policy = (struct nacre_auth_policy){.password = on_password,
                                        .publickey = on_publickey,
                                        .interactive = on_interactive,
                                        .change_password = on_change,
                                        .require = "publickey,password,keyboard-interactive",
                                        .banner = "Hello.\r\n",
                                        .attempted = on_attempted,
                                        .key_refused = on_key_refused};
    observers[role] = (struct nacre_observer){on_message, on_negotiated, on_mismatch, on_limited,
                                              on_text,    on_secret,     on_packet};
    ends[role].memory = (struct nacre_memory){allocate, release, &ends[role]};
    hook_nacre_auth_policy(NACRE_SERVER, &policy);
    hook_nacre_observer(role, &observers[role]);
    hook_nacre_memory(role, &ends[role].memory);
    hook_nacre_endpoint_config(role, &config);
    return config;
}

void prepare(struct nacre_endpoint_config *configs)
{
    make_key(&host_key, 1);
    make_key(&other_key, 2);
    make_key(&user_key, 3);
    clock_ms = 1000;
    for (int i = 0; i < 2; i++) {
        enum nacre_role role = i == 0 ? NACRE_SERVER : NACRE_CLIENT;
        struct end *e = &ends[i];

        memset(e, 0, offsetof(struct end, wire));
        e->wire_len = 0;
        e->side.role = role;
        apps[i] = (struct nacre_channel_app){on_open,    on_data, on_data,  on_writable, on_request,
                                             on_replied, on_eof,  on_close, on_closed};
        hook_nacre_channel_app(role, &apps[i]);
        configs[i] = config_for(role);
    }
    things.app = &apps[0]; /* hooked, both are the same */
}
