#include "apps/connect/signing.h"

#include "apps/files/agent_sign.h"
#include "apps/session/signer.h"

#include <stdlib.h>
#include <sys/epoll.h>

struct signing {
    struct nacre_client *client;
    const struct signature_algorithm *algorithm;
    struct agent_exchange exchange;
    struct source source;
    int watched; /* the descriptor that the loop watches, or -1 */
    uint32_t events;
    struct timer timer; /* the next try to connect, or the deadline */
    uint64_t give_up_ms;
};

static struct nacre_loop *loop_of(struct signing *s)
{
    return &s->client->all->loop;
}

static void unwatch(struct signing *s)
{
    if (s->watched >= 0)
        loop_unwatch(loop_of(s), s->watched, &s->source);
    s->watched = -1;
}

void signing_end(struct nacre_client *client)
{
    struct signing *s = client->signing;

    if (s == NULL)
        return;
    client->signing = NULL;
    unwatch(s);
    (void)loop_set_timer(&client->all->loop, &s->timer, UINT64_MAX);
    agent_exchange_clear(&s->exchange);
    free(s);
}

/* The session may ask for the next signature, or end the client, before this returns. */
static void answer(struct signing *s, bool answered)
{
    struct nacre_client *client = s->client;
    struct agent_exchange exchange = s->exchange;
    struct bytes signature =
        answered ? agent_sign_end(&exchange, s->algorithm) : (struct bytes){NULL, 0};

    s->exchange = (struct agent_exchange){.fd = -1};
    signing_end(client);
    if (client->pump.session != NULL)
        session_signed(client->pump.session, signature);
    agent_exchange_clear(&exchange);
}

/* False: the loop cannot. */
static bool watch(struct signing *s, uint32_t events)
{
    if (s->watched == s->exchange.fd && s->events == events)
        return true;
    unwatch(s);
    if (!loop_watch(loop_of(s), s->exchange.fd, &s->source, events))
        return false;
    s->watched = s->exchange.fd;
    s->events = events;
    return true;
}

static void step(struct signing *s)
{
    enum agent_progress progress = agent_exchange_step(&s->exchange);
    uint64_t retry_ms = loop_of(s)->now_ms + AGENT_RETRY_MS;
    bool waits = false;

    if (progress == AGENT_READABLE || progress == AGENT_WRITABLE)
        waits = watch(s, progress == AGENT_READABLE ? EPOLLIN : EPOLLOUT) &&
                loop_set_timer(loop_of(s), &s->timer, s->give_up_ms);
    else if (progress == AGENT_RETRY && retry_ms < s->give_up_ms)
        waits = loop_set_timer(loop_of(s), &s->timer, retry_ms);
    if (!waits)
        answer(s, progress == AGENT_ANSWERED);
}

static void on_ready(struct source *source, uint32_t events)
{
    (void)events;
    step(container_of(source, struct signing, source));
}

static void on_timer(struct timer *timer)
{
    struct signing *s = container_of(timer, struct signing, timer);

    if (loop_of(s)->now_ms < s->give_up_ms)
        step(s);
    else
        answer(s, false);
}

/* The first step follows in the loop: the session is in the middle of its own. */
bool signing_begin(void *context, const struct nacre_key *key,
                   const struct signature_algorithm *algorithm, struct bytes data)
{
    struct nacre_client *client = context;
    struct nacre_loop *loop = &client->all->loop;
    struct signing *s = calloc(1, sizeof *s);

    signing_end(client);
    if (s == NULL)
        return false;
    *s = (struct signing){
        .client = client,
        .algorithm = algorithm,
        .exchange = {.fd = -1},
        .source = {.ready = on_ready},
        .watched = -1,
        .timer = {.fire = on_timer},
        .give_up_ms = loop->now_ms + AGENT_TIMEOUT_MS,
    };
    client->signing = s;
    if (agent_sign_begin(&s->exchange, key, algorithm, data) &&
        loop_set_timer(loop, &s->timer, loop->now_ms))
        return true;
    signing_end(client);
    return false;
}
