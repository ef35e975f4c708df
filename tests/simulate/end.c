/* An end's own callbacks: logins, global requests, its beginning and its end. */
#include "tests/simulate/parts.h"

#include <stdlib.h>
#include <string.h>

static const struct nacre_channel_app *lookup(void *context, const char *type)
{
    (void)context;
    return strcmp(type, "unknown") == 0 ? NULL : &channel_app;
}

static enum nacre_answer on_global(void *context, const struct nacre_global_request *q,
                                   uint32_t *port)
{
    struct party *p = context;
    enum nacre_answer answer = chance_answer(&p->world->chance);
    bool forward = q->kind != NACRE_GLOBAL_OTHER;
    struct asked *asked;

    if (!forward && strcmp(q->name, "simulate@nacre") != 0)
        return NACRE_REFUSE;
    REQUIRE(p->world, (forward || q->len == 4) && !p->ended, "%s: unexpected global request",
            p->name);
    asked = asking_see(p->world, &p->other->asking,
                       forward ? (uint32_t)strtoul(q->host, NULL, 10) : load_u32(q->data));
    REQUIRE(p->world, asked->want_reply == q->want_reply, "want_reply was changed");
    REQUIRE(p->world, asked->asks_port == (q->kind == NACRE_GLOBAL_FORWARD && q->port == 0),
            "the port was changed");
    asked->answer = answered(answer);
    *port = act_port_of(p->other, asked);
    return answer;
}

static void on_global_replied(void *context, bool granted, const uint8_t *data, size_t len)
{
    struct party *p = context;
    const struct asked *asked;

    asking_check_reply(p->world, &p->asking, granted);
    asked = &p->asking.asked[p->asking.replied - 1];
    if (granted && asked->asks_port)
        REQUIRE(p->world, len == 4 && load_u32(data) == act_port_of(p, asked), "another port");
    else
        REQUIRE(p->world, len == 0, "a reply of %zu bytes", len);
}

static void on_password(void *context, struct nacre_decision *d, const char *user,
                        const char *password)
{
    struct party *p = context;

    REQUIRE(p->world, p->decision == NULL, "two decisions at once");
    if (chance_one_in(&p->world->chance, 4))
        p->decision = d;
    else
        nacre_decide(d, strcmp(user, "alice") == 0 && strcmp(password, "secret") == 0);
}

static void on_publickey(void *context, struct nacre_decision *d, const char *user,
                         const struct nacre_key_offer *offer)
{
    (void)offer;
    on_password(context, d, user, "secret");
}

static void on_interactive(void *context, struct nacre_decision *d, const char *user,
                           const char *const *responses, size_t count)
{
    static const struct nacre_prompt prompts[] = {{"Colour: ", true}, {"Password: ", false}};
    struct party *p = context;
    size_t most = 1 + chance_below(&p->world->chance, 2);

    if (responses == NULL)
        nacre_decide_ask_more(d, "", "", prompts + 2 - most, most);
    else
        on_password(context, d, user, responses[count - 1]);
}

static void on_ask(void *context, const struct nacre_ask *ask)
{
    struct party *p = context;

    p->asked_for = ask->count;
    if (chance_one_in(&p->world->chance, 2))
        act_respond(p);
}

static const char *const login_methods[] = {"publickey", "password", "keyboard-interactive"};

enum { LOGIN_METHODS = sizeof login_methods / sizeof login_methods[0] };

/* A refusal may be delayed, each time for twice as long. */
static void on_attempted(void *context, const char *user, const char *method, bool granted)
{
    struct party *p = context;
    uint64_t delay = p->limits.auth_delay_ms;

    (void)user;
    for (uint32_t i = 0; i < LOGIN_METHODS && granted; i++)
        if (strncmp(method, login_methods[i], strlen(login_methods[i])) == 0)
            p->proved |= 1U << i;
    if (!granted && delay != NACRE_UNLIMITED)
        p->rests_ms = p->world->now_ms + (delay << p->failures++);
}

void app_check_login(const struct party *p)
{
    if (p->config.role == NACRE_CLIENT)
        return;
    REQUIRE(p->world, p->proved != 0, "%s: no login method succeeded", p->name);
    for (uint32_t i = 0; i < LOGIN_METHODS; i++)
        REQUIRE(p->world,
                p->policy.require == NULL || strstr(p->policy.require, login_methods[i]) == NULL ||
                    (p->proved & 1U << i) != 0,
                "%s: a login without %s", p->name, login_methods[i]);
}

static void choose_logins(struct party *p)
{
    static const char *const required[] = {"password,keyboard-interactive", "publickey,password",
                                           "publickey,keyboard-interactive",
                                           "publickey,password,keyboard-interactive"};
    struct chance *c = &p->world->chance;

    p->policy = (struct nacre_auth_policy){
        .password = on_password, .publickey = on_publickey, .attempted = on_attempted};
    if (chance_one_in(c, 3))
        p->policy.interactive = on_interactive;
    if (p->policy.interactive != NULL && chance_one_in(c, 3))
        p->policy.require = required[chance_below(c, 4)];
    if (p->config.role == NACRE_CLIENT && chance_one_in(c, 3))
        p->config.ask = on_ask;
}

static void on_authenticated(void *context, const char *user)
{
    struct party *p = context;

    REQUIRE(p->world, !p->authenticated && !p->ended && strcmp(user, "alice") == 0,
            "%s: unexpected login", p->name);
    app_check_login(p);
    p->authenticated = true;
    p->used_ms = p->world->now_ms;
    p->world->tally->logins++;
}

enum { HANDSHAKE_MS = 10 * 1000 /* the default of nacre_limits */ };

/* No timeout comes too early. */
static void check_timeout(const struct party *p, const char *text)
{
    const struct world *w = p->world;
    const struct nacre_limits *limits = &p->limits;

    if (strstr(text, "login") != NULL)
        REQUIRE(w, !p->authenticated, "%s: %s", p->name, text);
    else if (strstr(text, "handshake") != NULL || strstr(text, "packet") != NULL)
        REQUIRE(w, !p->authenticated && w->now_ms >= HANDSHAKE_MS, "%s: %s", p->name, text);
    else if (strstr(text, "key exchange") != NULL)
        REQUIRE(w, w->now_ms >= p->exchange_ms + EXCHANGE_MS, "%s: %s", p->name, text);
    else if (strstr(text, "keepalive") != NULL)
        REQUIRE(w,
                limits->keepalive_ms != 0 &&
                    w->now_ms >= p->heard_ms + (limits->keepalive_count + 1) * limits->keepalive_ms,
                "%s: %s, but the last byte arrived at %llu", p->name, text,
                (unsigned long long)p->heard_ms);
    else
        REQUIRE(w, limits->idle_ms != 0 && w->now_ms >= p->used_ms + limits->idle_ms,
                "%s: %s, but it was last used at %llu", p->name, text,
                (unsigned long long)p->used_ms);
}

static void on_ended(void *context, const struct nacre_end *why)
{
    struct party *p = context;
    struct world *w = p->world;

    simulate_trace(w, "%s: ended, %s: %s", p->name, nacre_cause_text(why->cause), why->text);
    REQUIRE(w, !p->ended, "%s: ended twice", p->name);
    REQUIRE(w,
            why->cause != NACRE_PROTOCOL_ERROR || p->scarce.refused ||
                strstr(why->text, "in common") != NULL,
            "%s: protocol error: %s", p->name, why->text);
    REQUIRE(w,
            why->cause != NACRE_OUT_OF_RESOURCES || p->scarce.refused ||
                (p->short_of_memory && strstr(why->text, "memory for input") != NULL),
            "%s: out of resources: %s", p->name, why->text);
    for (uint32_t i = 0; i < w->link_count; i++)
        for (int j = 0; j < 2; j++)
            REQUIRE(w, w->links[i].side[j].party != p || w->links[i].side[j].channel == NULL,
                    "%s: ended before channel %u was closed", p->name, i);
    if (why->cause == NACRE_TIMED_OUT)
        check_timeout(p, why->text);
    p->ended = true;
    w->tally->ended[why->cause]++;
}

static void on_wake(void *context)
{
    struct party *p = context;

    p->woken = true;
}

static enum nacre_answer host_key_accepted(void *context, const char *algorithm, const uint8_t *key,
                                           size_t len)
{
    struct party *p = context;

    (void)algorithm;
    (void)key;
    REQUIRE(p->world, len > 0 && !p->host_key_waits, "%s: asked twice about a host key", p->name);
    p->host_key_waits = chance_one_in(&p->world->chance, 4);
    return p->host_key_waits ? NACRE_LATER : NACRE_GRANT;
}

void app_configure(struct party *p)
{
    choose_logins(p);
    p->world->act = app_act;
    p->config.authenticated = on_authenticated;
    p->config.ended = on_ended;
    p->config.wake = on_wake;
    p->config.host_key_accepted = p->config.role == NACRE_CLIENT ? host_key_accepted : NULL;
    p->config.lookup = lookup;
    p->config.global_request = on_global;
    p->config.global_replied = on_global_replied;
    p->config.auth = &p->policy;
}
