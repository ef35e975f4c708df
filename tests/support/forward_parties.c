#include "tests/support/forward_parties.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair p;
static struct nacre_loop loop;

struct party parties[2];

static struct party *party_of(const void *context)
{
    return &parties[context == &p.client ? NACRE_CLIENT : NACRE_SERVER];
}

/* ---- policies ---- */

static bool yes(void *context, const struct nacre_target *target)
{
    (void)context;
    (void)target;
    return true;
}

static bool begin(void *context)
{
    struct party *party = party_of(context);

    if (party->full)
        return false;
    party->connections++;
    if (party->connections > party->most)
        party->most = party->connections;
    return true;
}

static void end(void *context)
{
    party_of(context)->connections--;
}

static void on_event(void *context, enum nacre_forward_event event,
                     const struct nacre_target *target, const char *text)
{
    static const char *const words[] = {"connected", "failed", "listening", "stopped", "accepted"};
    struct party *party = party_of(context);
    size_t n = strlen(party->events);

    party->last = *target;
    if (party->act != NULL && strcmp(words[event], party->act_at) == 0)
        party->act();
    (void)snprintf(party->events + n, sizeof party->events - n, "%s%s%s;", words[event],
                   text[0] != 0 ? " " : "", text);
}

/* ---- names, looked up later ---- */

static struct task look_up;
struct look_up_thread thread;

static void on_look_up(struct task *task)
{
    (void)task;
    if (thread.job == NULL || thread.stays)
        return;
    thread.work(thread.job);
    thread.done(thread.job);
    thread.job = NULL;
}

void look_up_now(void)
{
    on_look_up(&look_up);
}

static bool offload(void *context, void (*work)(void *job), void (*done)(void *job), void *job)
{
    (void)context;
    if (thread.refuses)
        return false;
    thread.work = work;
    thread.done = done;
    thread.job = job;
    loop_later(&loop, &look_up);
    return true;
}

/* ---- the sessions ---- */

static const struct nacre_channel_app *server_lookup(void *context, const char *type)
{
    (void)context;
    return forwards_lookup(NACRE_SERVER, type);
}

char agent[128];

static enum nacre_answer agent_open(struct nacre_channel *ch)
{
    return nacre_forward_connect(parties[NACRE_CLIENT].forwards, ch, agent);
}

static const struct nacre_channel_app *client_lookup(void *context, const char *type)
{
    static const struct nacre_channel_app app = {.open = agent_open};

    (void)context;
    if (strcmp(type, "x11") == 0 || strcmp(type, "auth-agent@openssh.com") == 0)
        return &app;
    return forwards_lookup(NACRE_CLIENT, type);
}

static enum nacre_answer global_request(void *context, const struct nacre_global_request *request,
                                        uint32_t *port)
{
    return forwards_request(party_of(context)->forwards, request, port);
}

unsigned others_replied;

static void global_replied(void *context, bool granted, const uint8_t *data, size_t len)
{
    if (!forwards_replied(party_of(context)->forwards, granted, data, len))
        others_replied++;
}

static void ended(void *context, const struct nacre_end *why)
{
    struct end *e = context;

    (void)why;
    e->ended = true;
    forwards_free(party_of(context)->forwards);
    party_of(context)->forwards = NULL;
}

static void attach(struct end *e)
{
    const struct forwards_home home = {e, e->session, &loop, offload};
    struct party *party = party_of(e);

    party->forwards = forwards_new(&party->policy, &home);
    ck_assert_ptr_nonnull(party->forwards);
}

void start(void)
{
    ck_assert(loop_init(&loop));
    memset(parties, 0, sizeof parties);
    memset(&thread, 0, sizeof thread);
    look_up = (struct task){.run = on_look_up};
    others_replied = 0;
    for (int i = 0; i < 2; i++)
        parties[i].policy =
            (struct nacre_forwarding){.begin = begin, .end = end, .event = on_event};
    parties[NACRE_SERVER].policy.may_connect = parties[NACRE_SERVER].policy.may_listen = yes;
    pair_init(&p, 3);
    p.server_config.lookup = server_lookup;
    p.server_config.global_request = global_request;
    p.client_config.lookup = client_lookup;
    p.client_config.global_replied = global_replied;
    p.server_config.ended = p.client_config.ended = ended;
    pair_start(&p);
    attach(&p.server);
    attach(&p.client);
    pair_run(&p);
    ck_assert(p.client.authenticated);
}

void finish(void)
{
    pair_clear(&p);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(parties[i].connections, 0);
    ck_assert_uint_eq(loop.timers, 0);
    loop_clear(&loop);
}

static void wake_up(struct timer *timer)
{
    (void)timer;
}

struct nacre_loop *forward_loop(void)
{
    return &loop;
}

void turn(void)
{
    struct timer soon = {.fire = wake_up};

    pair_run(&p);
    loop_update_clock(&loop);
    ck_assert(loop_set_timer(&loop, &soon, loop.now_ms + 2));
    loop_run_once(&loop);
    (void)loop_set_timer(&loop, &soon, UINT64_MAX);
    pair_run(&p);
}

bool reported(enum nacre_role role, const char *event)
{
    return strstr(parties[role].events, event) != NULL;
}

/* ---- sockets ---- */

void check_joined(int a, int b)
{
    char byte = 0;

    ck_assert_int_eq(write(a, "x", 1), 1);
    AWAIT(read(b, &byte, 1) == 1);
    ck_assert_int_eq(byte, 'x');
    ck_assert_int_eq(write(b, "y", 1), 1);
    AWAIT(read(a, &byte, 1) == 1);
    ck_assert_int_eq(byte, 'y');
}

int accept_from(int listener)
{
    int fd = -1;

    AWAIT((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0);
    return fd;
}

struct nacre_forward_listener *forward(const char *type, const char *host, uint16_t port)
{
    char target[200], errbuf[200] = "";
    struct nacre_forward_listener *l;

    (void)snprintf(target, sizeof target, "%s:%u", host, port);
    l = nacre_forward_listen(parties[NACRE_CLIENT].forwards, "127.0.0.1:0", type, target, errbuf,
                             sizeof errbuf);
    ck_assert_msg(l != NULL, "%s", errbuf);
    ck_assert_uint_ne(nacre_forward_target(l)->port, 0);
    return l;
}
