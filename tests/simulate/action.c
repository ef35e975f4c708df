/* What applications do, chosen by chance. */
#include "tests/simulate/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BACKLOG_MAX = 1 << 20, /* bytes that an application has left to write, at most */
    BUFFER_MAX = 256 * 1024,
    TEXT_LEN = 16,
};

static struct side *some_side(struct party *p, bool (*fits)(const struct side *s))
{
    struct world *w = p->world;
    uint32_t start = w->link_count == 0 ? 0 : chance_below(&w->chance, w->link_count);

    for (uint32_t i = 0; i < w->link_count; i++) {
        struct link *link = &w->links[(start + i) % w->link_count];
        struct side *s = &link->side[link->side[0].party == p ? 0 : 1];

        if (s->channel != NULL && !s->closed && fits(s))
            return s;
    }
    return NULL;
}

static bool any(const struct side *s)
{
    (void)s;
    return true;
}

static bool is_deciding(const struct side *s)
{
    return s->deciding;
}

static bool owes_an_answer(const struct side *s)
{
    return asking_oldest(&s->other->asking) != NULL;
}

static bool is_of_server(const struct side *s)
{
    return s->party->config.role == NACRE_SERVER && !s->sent_exit && s->is_session;
}

static bool may_ask(const struct side *s)
{
    return s->asking.made < REQUESTS_MAX;
}

static void write_some(struct side *s, int stream)
{
    struct world *w = s->party->world;

    if (s->backlog[stream] < BACKLOG_MAX && !s->sent_eof)
        s->backlog[stream] += chance_size(&w->chance, w->write_most);
    stream_push(s, stream);
}

static void act_write(struct side *s)
{
    write_some(s, DATA);
}

static void act_write_extended(struct side *s)
{
    write_some(s, EXTENDED);
}

static void act_mood(struct side *s)
{
    s->mood = channel_mood(s->party->world);
    nacre_channel_resume(s->channel);
}

/* Also smaller than what is in it, and none again. */
static void act_buffer(struct side *s)
{
    struct chance *c = &s->party->world->chance;
    size_t bytes = chance_one_in(c, 5) ? 0 : chance_size(c, BUFFER_MAX);

    if (nacre_channel_set_buffer(s->channel, bytes) && bytes > s->buffer)
        s->buffer = bytes;
}

static void act_eof(struct side *s)
{
    s->sent_eof = true;
    nacre_channel_eof(s->channel);
}

static void act_close(struct side *s)
{
    s->sent_eof = s->sent_close = true;
    asking_give_in(&s->other->asking);
    nacre_channel_close(s->channel);
    if (s->channel != NULL && chance_one_in(&s->party->world->chance, 4))
        nacre_channel_answer_request(s->channel, true);
}

static void act_exit(struct side *s)
{
    s->sent_exit = true;
    nacre_channel_exit_status(s->channel, s->link->serial);
}

void act_answer_open(struct side *s)
{
    s->deciding = false;
    s->granted = !chance_one_in(&s->party->world->chance, 4);
    nacre_channel_answer_open(s->channel, s->granted);
}

void act_answer(struct side *s)
{
    struct asked *asked = asking_oldest(&s->other->asking);
    bool granted = chance_one_in(&s->party->world->chance, 2);

    asked->answer = granted ? GRANTED : REFUSED;
    nacre_channel_answer_request(s->channel, granted);
}

/* How each type of request carries a number. The library knows all types but the first. */
static void write_number(struct writer *w, uint32_t id)
{
    write_u32(w, id);
}

static void write_number_as_text(struct writer *w, uint32_t id)
{
    char text[TEXT_LEN];

    (void)snprintf(text, sizeof text, "%u", id);
    write_text(w, text);
}

static void write_number_and_value(struct writer *w, uint32_t id)
{
    write_number_as_text(w, id);
    write_text(w, "value");
}

static void write_number_as_size(struct writer *w, uint32_t id)
{
    write_u32(w, id);
    for (int i = 0; i < 3; i++)
        write_u32(w, 24);
}

static void write_number_as_terminal(struct writer *w, uint32_t id)
{
    write_number_as_text(w, id);
    write_number_as_size(w, 80);
    write_text(w, "");
}

static const struct {
    const char *type;
    void (*write)(struct writer *w, uint32_t id);
} requests[] = {
    {"simulate@nacre", write_number},    {"pty-req", write_number_as_terminal},
    {"env", write_number_and_value},     {"exec", write_number_as_text},
    {"subsystem", write_number_as_text}, {"window-change", write_number_as_size},
    {"signal", write_number_as_text},    {"break", write_number},
};

static void make_request(struct side *s)
{
    struct chance *c = &s->party->world->chance;
    uint32_t choice =
        chance_one_in(c, 2) ? 0 : chance_below(c, sizeof requests / sizeof requests[0]);
    bool want_reply = !chance_one_in(c, 4);
    static uint8_t data[NACRE_REQUEST_BYTES_MAX];
    struct writer w = write_to(data, sizeof data);
    enum nacre_sending sending;

    requests[choice].write(&w, s->asking.made);
    if (choice == 0 && chance_one_in(c, 6)) /* zeros follow the number */
        w.at += chance_size(c, NACRE_REQUEST_BYTES_MAX - 64);
    sending =
        nacre_channel_request(s->channel, requests[choice].type, want_reply, data, written(&w));
    if (sending == NACRE_SEND_DONE)
        (void)asking_add(s->party->world, &s->asking, want_reply,
                         choice != 0 || s->sent_close || s->other->sent_close);
}

/* Sometimes so many at once that there is no space for all their answers. */
static void act_request(struct side *s)
{
    struct chance *c = &s->party->world->chance;

    for (uint32_t n = chance_one_in(c, 12) ? chance_size(c, REQUESTS_MAX) : 1; n > 0; n--)
        if (may_ask(s))
            make_request(s);
}

static void act_open(struct party *p)
{
    static const char *const types[] = {"session",        "session",        "session",
                                        "simulate@nacre", "simulate@nacre", "unknown"};
    struct world *w = p->world;
    const char *type = types[chance_below(&w->chance, 6)];
    struct link *link = &w->links[w->link_count];
    uint8_t serial[4];

    if (w->link_count == LINKS_MAX)
        return;
    link->serial = w->link_count;
    for (int i = 0; i < 2; i++)
        link->side[i] = (struct side){.party = i == 0 ? p : p->other,
                                      .other = &link->side[1 - i],
                                      .link = link,
                                      .is_session = strcmp(type, "session") == 0,
                                      .mood = channel_mood(w)};
    store_u32(serial, link->serial);
    w->link_count++; /* the other end may see it before the call returns */
    link->side[0].channel =
        nacre_session_open_channel(p->session, type, &channel_app, &link->side[0], serial, 4);
    if (link->side[0].channel == NULL)
        w->link_count--;
    else
        w->tally->channels++;
}

static void act_rekey(struct party *p)
{
    nacre_session_rekey(p->session);
}

static void act_global(struct party *p)
{
    struct world *w = p->world;
    bool want_reply = !chance_one_in(&w->chance, 4);
    uint8_t id[4];

    store_u32(id, p->asking.made);
    if (p->asking.made < REQUESTS_MAX && p->globals_awaited < 32 &&
        nacre_session_global_request(p->session, "simulate@nacre", want_reply, id, 4) ==
            NACRE_SEND_DONE)
        (void)asking_add(w, &p->asking, want_reply, false);
}

/* The host name carries the number. With port 0 the server chooses a port: act_port_of. */
static void act_forward(struct party *p)
{
    struct world *w = p->world;
    bool asks_port = chance_one_in(&w->chance, 2);
    bool cancel = chance_one_in(&w->chance, 4);
    char host[TEXT_LEN];

    (void)snprintf(host, sizeof host, "%u", p->asking.made);
    if (p->config.role == NACRE_CLIENT && p->asking.made < REQUESTS_MAX &&
        p->globals_awaited < 32 &&
        nacre_session_forward(p->session, host, asks_port ? 0 : 8022, cancel) == NACRE_SEND_DONE)
        asking_add(w, &p->asking, true, false)->asks_port = asks_port && !cancel;
}

uint32_t act_port_of(const struct party *p, const struct asked *asked)
{
    return 1024 + (uint32_t)(asked - p->asking.asked);
}

void act_answer_global(struct party *p)
{
    struct asked *asked = asking_oldest(&p->other->asking);
    bool granted = chance_one_in(&p->world->chance, 2);

    if (asked == NULL || p->ended)
        return;
    asked->answer = granted ? GRANTED : REFUSED;
    nacre_session_answer_global(p->session, granted, act_port_of(p->other, asked));
}

void act_decide(struct party *p)
{
    struct nacre_decision *d = p->decision;

    p->decision = NULL;
    if (d != NULL)
        nacre_decide(d, !chance_one_in(&p->world->chance, 20));
}

void act_respond(struct party *p)
{
    struct chance *c = &p->world->chance;
    const char *const answers[] = {"secret", chance_one_in(c, 4) ? "wrong" : "secret"};
    size_t count = p->asked_for;

    if (p->host_key_waits)
        nacre_session_answer_host_key(p->session, true);
    p->host_key_waits = false;
    p->asked_for = 0;
    if (count == 1)
        nacre_session_respond(p->session, &answers[1], count);
    else if (count == 2)
        nacre_session_respond(p->session, answers, count);
}

static void act_disconnect(struct party *p)
{
    if (chance_one_in(&p->world->chance, 60))
        nacre_session_disconnect(p->session, NACRE_SHUTTING_DOWN, "enough");
}

/* An action is for the connection, or for a channel that fits. */
static const struct action {
    const char *name;
    uint32_t weight;
    void (*on_party)(struct party *p);
    void (*on_side)(struct side *s);
    bool (*fits)(const struct side *s);
} actions[] = {
    {"write", 24, NULL, act_write, any},
    {"write extended", 6, NULL, act_write_extended, any},
    {"change mood", 10, NULL, act_mood, any},
    {"buffer", 3, NULL, act_buffer, any},
    {"eof", 2, NULL, act_eof, any},
    {"close", 2, NULL, act_close, any},
    {"exit status", 1, NULL, act_exit, is_of_server},
    {"request", 12, NULL, act_request, may_ask},
    {"answer", 12, NULL, act_answer, owes_an_answer},
    {"answer open", 8, NULL, act_answer_open, is_deciding},
    {"open", 4, act_open, NULL, NULL},
    {"global request", 3, act_global, NULL, NULL},
    {"forward", 2, act_forward, NULL, NULL},
    {"answer global", 3, act_answer_global, NULL, NULL},
    {"decide", 4, act_decide, NULL, NULL},
    {"respond", 4, act_respond, NULL, NULL},
    {"rekey", 1, act_rekey, NULL, NULL},
    {"disconnect", 1, act_disconnect, NULL, NULL},
};

static const struct action *some_action(struct chance *c)
{
    const struct action *a = actions;
    uint32_t all = 0, at;

    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        all += actions[i].weight;
    for (at = chance_below(c, all); at >= a->weight; a++)
        at -= a->weight;
    return a;
}

static bool act(struct party *p, const struct action *a)
{
    struct side *s = a->fits == NULL ? NULL : some_side(p, a->fits);

    if (p->gone || (a->fits != NULL && s == NULL))
        return false;
    simulate_trace(p->world, "%s: %s %d", p->name, a->name, s == NULL ? -1 : (int)s->link->serial);
    p->world->nested++;
    if (s != NULL)
        a->on_side(s);
    else
        a->on_party(p);
    p->world->nested--;
    return true;
}

void app_act(struct party *p)
{
    (void)act(p, some_action(&p->world->chance));
}

bool app_do(struct party *p, const char *name)
{
    const struct action *a = actions;

    while (strcmp(a->name, name) != 0)
        a++;
    return act(p, a);
}
