/* The applications of a simulated connection. Whatever they do is within the rules of
 * connection/channel.h; whatever the library does to them is checked. */
#include "tests/simulate/simulate.h"

#include "connection/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PATTERN = 65521,       /* bytes after which the bytes of a stream repeat: a prime */
    PIECE = 48 * 1024,     /* bytes that are written or compared at once */
    BACKLOG_MAX = 1 << 20, /* bytes an application wants to write at most */
    NESTED_MAX = 3,
    TEXT_LEN = 16,
};

/* ---- chance ---- */

static uint64_t chance_next(struct chance *c) /* splitmix64 */
{
    uint64_t z = c->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint32_t chance_below(struct chance *c, uint32_t n)
{
    return (uint32_t)(chance_next(c) % n);
}

bool chance_one_in(struct chance *c, uint32_t n)
{
    return chance_below(c, n) == 0;
}

uint32_t chance_size(struct chance *c, uint32_t most)
{
    uint32_t bits = 0;

    while (bits < 31 && most >> bits > 1)
        bits++;
    most = most >> chance_below(c, bits + 1);
    return most == 0 ? 1 : 1 + chance_below(c, most);
}

/* ---- the bytes of a stream ---- */

static const uint8_t *pattern_table(void)
{
    static uint8_t table[PATTERN + PIECE];
    struct chance c = {1};

    if (table[0] == 0)
        for (size_t i = 0; i < sizeof table; i++)
            table[i] = i < PATTERN ? (uint8_t)(chance_next(&c) | 1) : table[i - PATTERN];
    return table;
}

/* What `s` writes at that place; good for PIECE bytes. */
static const uint8_t *pattern(const struct side *s, int stream, uint64_t offset)
{
    uint64_t start = s->link->serial * 977 + (s == &s->link->side[0]) * 31337U;

    return pattern_table() + (start + (uint64_t)stream * 7919 + offset) % PATTERN;
}

static void check_pattern(const struct side *writer, int stream, uint64_t offset,
                          const uint8_t *data, size_t len)
{
    for (size_t n; len > 0; offset += n, data += n, len -= n) {
        n = len < PIECE ? len : PIECE;
        REQUIRE(writer->party->world, memcmp(data, pattern(writer, stream, offset), n) == 0,
                "channel %u: wrong bytes at %llu", writer->link->serial,
                (unsigned long long)offset);
    }
}

/* Write what the side still wants to write, as far as it goes. */
static void push(struct side *s, int stream)
{
    while (s->backlog[stream] > 0 && s->channel != NULL) {
        size_t n = s->backlog[stream] < PIECE ? (size_t)s->backlog[stream] : PIECE;
        const uint8_t *at = pattern(s, stream, s->written[stream]);
        size_t got = stream == DATA ? nacre_channel_write(s->channel, at, n)
                                    : nacre_channel_write_extended(s->channel, at, n);

        REQUIRE(s->party->world, got <= n, "more was written than there was");
        s->written[stream] += got;
        s->backlog[stream] -= got;
        if (got < n)
            return;
    }
}

/* ---- questions and answers ---- */

static struct asked *ask(struct world *w, struct asking *a, bool want_reply, bool may_be_refused)
{
    w->tally->requests++;
    a->asked[a->made] = (struct asked){.want_reply = want_reply, .may_be_refused = may_be_refused};
    return &a->asked[a->made++];
}

/* A request arrived: none was left out, unless the library may answer it alone. */
static struct asked *see(const struct world *w, struct asking *a, uint32_t id)
{
    REQUIRE(w, id < a->made && id >= a->seen, "request %u came after %u of %u", id, a->seen,
            a->made);
    for (uint32_t i = a->seen; i < id; i++)
        REQUIRE(w, a->asked[i].may_be_refused, "request %u was left out", i);
    a->seen = id + 1;
    return &a->asked[id];
}

static enum nacre_answer decide(struct chance *c)
{
    static const enum nacre_answer choices[] = {NACRE_GRANT, NACRE_REFUSE, NACRE_LATER};

    return choices[chance_below(c, 3)];
}

static enum answered answered(enum nacre_answer answer)
{
    return answer == NACRE_GRANT ? GRANTED : answer == NACRE_REFUSE ? REFUSED : OPEN;
}

/* The oldest question that is open, or NULL. */
static struct asked *oldest(struct asking *a)
{
    for (uint32_t i = 0; i < a->seen; i++)
        if (a->asked[i].answer == OPEN)
            return &a->asked[i];
    return NULL;
}

/* An answer arrived: to the oldest that wanted one, and it is what was said. */
static void check_reply(const struct world *w, struct asking *a, bool granted)
{
    const struct asked *asked;

    while (a->replied < a->made && !a->asked[a->replied].want_reply)
        a->replied++;
    REQUIRE(w, a->replied < a->made, "an answer to a request that was not made");
    asked = &a->asked[a->replied++];
    REQUIRE(w, asked->answer != OPEN, "request %u was answered before the application did",
            a->replied - 1);
    if (asked->answer == GRANTED)
        REQUIRE(w, granted, "request %u was granted, and is now refused", a->replied - 1);
    else if (asked->answer != EITHER)
        REQUIRE(w, !granted, "request %u is granted, and was not", a->replied - 1);
}

/* A channel is being closed: what is open is refused, as far as it can still be. */
static void give_in(struct asking *a)
{
    for (uint32_t i = 0; i < a->seen; i++)
        if (a->asked[i].answer == OPEN)
            a->asked[i].answer = EITHER;
}

static void check_all_answered(const struct world *w, const struct asking *a)
{
    for (uint32_t i = 0; i < a->made; i++) {
        const struct asked *asked = &a->asked[i];

        REQUIRE(w, asked->answer != UNSEEN || asked->may_be_refused, "request %u was lost", i);
        REQUIRE(w, asked->answer != OPEN, "request %u was not answered by the application", i);
        REQUIRE(w, !asked->want_reply || i < a->replied, "the answer to request %u was lost", i);
    }
}

/* ---- callbacks ---- */

static struct side *begin(struct nacre_channel *ch, const char *what)
{
    struct side *s = nacre_channel_data(ch);
    struct party *p = nacre_channel_context(ch);

    REQUIRE(p->world, s != NULL && s->channel == ch, "%s: %s for a channel that is not there",
            p->name, what);
    simulate_trace(p->world, "%s: channel %u: %s", p->name, s->link->serial, what);
    REQUIRE(p->world, !s->inside, "%s: %s inside another callback", p->name, what);
    REQUIRE(p->world, !s->closed, "%s: %s after closed", p->name, what);
    REQUIRE(p->world, !p->ended, "%s: %s after the session's end", p->name, what);
    s->inside = true;
    return s;
}

/* Applications act inside callbacks too, on this channel and on others. */
static void finish(struct side *s)
{
    struct world *w = s->party->world;

    if (!w->settling && w->nested < NESTED_MAX && chance_one_in(&w->chance, 8))
        app_act(s->party);
    s->inside = false;
}

static enum mood some_mood(struct world *w)
{
    static const enum mood moods[] = {WILLING, WILLING, WILLING, SLOW, SLOW, DEAF, ECHO};

    return w->settling ? WILLING : moods[chance_below(&w->chance, sizeof moods / sizeof moods[0])];
}

/* As if our confirmation were that of a peer with a small window and small packets. The library has
 * one size. */
static void shrink(struct nacre_channel *ch, struct chance *c)
{
    uint32_t window = 1 + chance_size(c, ch->window_target - 1);

    ch->connection->granted -= ch->window_target - window;
    ch->local_window = ch->window_target = window;
}

/* As if the peer's confirmation had asked for small messages. */
static void shorten(struct party *p, struct nacre_channel *ch)
{
    uint32_t most = 1 + chance_size(&p->world->chance, CHANNEL_PACKET_MAX - 1);

    ch->peer_max_packet = p->taps[nacre_channel_id(ch)].send_max = most;
}

static enum nacre_answer accept_channel(struct party *p, struct nacre_channel *ch)
{
    struct world *w = p->world;
    size_t len;
    const uint8_t *data = nacre_channel_open_data(ch, &len);
    struct side *s;
    uint32_t choice = chance_below(&w->chance, 8);

    REQUIRE(w, len == 4 && load_u32(data) < w->link_count, "%s: odd open data", p->name);
    s = &w->links[load_u32(data)].side[1];
    REQUIRE(w, s->party == p && s->channel == NULL && !s->closed, "%s: opened twice", p->name);
    s->channel = ch;
    s->mood = some_mood(w);
    nacre_channel_set_data(ch, s);
    if (chance_one_in(&w->chance, 3))
        shrink(ch, &w->chance);
    (void)begin(ch, "open");
    finish(s);
    if (choice == 0)
        s->channel = NULL;
    s->deciding = choice == 1;
    s->granted = choice > 1;
    return choice == 0 ? NACRE_REFUSE : choice == 1 ? NACRE_LATER : NACRE_GRANT;
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    struct party *p = nacre_channel_context(ch);
    struct side *s = nacre_channel_data(ch);

    if (s == NULL)
        return accept_channel(p, ch);
    (void)begin(ch, "opened");
    REQUIRE(p->world, s->other->granted && !s->granted, "%s: open was not granted", p->name);
    s->granted = true;
    if (chance_one_in(&p->world->chance, 16))
        shorten(p, ch);
    finish(s);
    return NACRE_GRANT;
}

/* As much as can be written back at once; what was to be written before goes first. */
static size_t echo(struct side *s, size_t len)
{
    size_t n = len < PIECE ? len : PIECE;

    if (s->backlog[DATA] > 0)
        return 0;
    n = nacre_channel_write(s->channel, pattern(s, DATA, s->written[DATA]), n);
    s->written[DATA] += n;
    return n;
}

static size_t wanted(struct side *s, size_t len)
{
    struct chance *c = &s->party->world->chance;

    switch (s->mood) {
    case DEAF:
        return 0;
    case SLOW:
        return chance_one_in(c, 3) ? 0 : chance_size(c, (uint32_t)len);
    case ECHO:
        return s->said_eof || s->said_close ? len : echo(s, len);
    default:
        return len;
    }
}

static size_t take(struct nacre_channel *ch, int stream, const uint8_t *data, size_t len)
{
    struct side *s = begin(ch, stream == DATA ? "data" : "extended data");
    const struct world *w = s->party->world;
    size_t n;

    REQUIRE(w, s->granted && !s->said_close && !s->told_eof, "data at the wrong time");
    REQUIRE(w, len > 0 && s->taken[stream] + len <= s->other->written[stream],
            "data that was not written");
    n = wanted(s, len);
    check_pattern(s->other, stream, s->taken[stream], data, n);
    s->taken[stream] += n;
    w->tally->bytes += n;
    finish(s);
    return n;
}

static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    return take(ch, DATA, data, len);
}

static size_t on_extended_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    return take(ch, EXTENDED, data, len);
}

static void on_writable(struct nacre_channel *ch)
{
    struct side *s = begin(ch, "writable");

    REQUIRE(s->party->world, s->granted && !s->said_close, "writable at the wrong time");
    push(s, EXTENDED);
    push(s, DATA);
    finish(s);
}

/* The number that each kind of request carries somewhere. */
static uint32_t number_in(const struct nacre_request *q)
{
    switch (q->kind) {
    case NACRE_REQUEST_OTHER:
        return q->len == 4 ? load_u32(q->data) : UINT32_MAX;
    case NACRE_REQUEST_WINDOW_CHANGE:
        return q->columns;
    case NACRE_REQUEST_BREAK:
        return q->break_ms;
    default:
        return (uint32_t)strtoul(q->text, NULL, 10);
    }
}

/* Not one of those that are asked with a number. */
static void take_exit(struct side *s, const struct nacre_request *q)
{
    const struct world *w = s->party->world;

    REQUIRE(w, s->other->said_exit && !s->told_exit && !q->want_reply, "exit-status out of place");
    REQUIRE(w, q->exit_status == s->link->serial, "another exit-status than was sent");
    s->told_exit = true;
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *q)
{
    struct side *s = begin(ch, q->type);
    struct world *w = s->party->world;
    enum nacre_answer answer = decide(&w->chance);
    struct asked *asked = NULL;

    REQUIRE(w, s->granted && !s->said_close && !s->told_close, "request at the wrong time");
    if (q->kind == NACRE_REQUEST_EXIT_STATUS) {
        take_exit(s, q);
        answer = NACRE_GRANT;
    } else {
        asked = see(w, &s->other->asking, number_in(q));
        REQUIRE(w, asked->want_reply == q->want_reply, "want_reply was changed");
    }
    if (answer == NACRE_GRANT &&
        (q->kind == NACRE_REQUEST_EXEC || q->kind == NACRE_REQUEST_SUBSYSTEM))
        s->has_program = true;
    finish(s);
    if (asked != NULL)
        asked->answer = s->said_close
                            ? EITHER
                            : answered(answer); /* only now may it be answered from elsewhere */
    return answer;
}

static void on_replied(struct nacre_channel *ch, bool granted)
{
    struct side *s = begin(ch, "replied");

    REQUIRE(s->party->world, !s->said_close, "an answer after we closed");
    check_reply(s->party->world, &s->asking, granted);
    finish(s);
}

/* A session that its client closes before it has a program has nobody to take the data. */
static bool is_abandoned(const struct side *s)
{
    return s->is_session && s == &s->link->side[1] && !s->has_program && s->other->said_close;
}

static bool has_all(const struct side *s)
{
    return is_abandoned(s) || (s->taken[DATA] == s->other->written[DATA] &&
                               s->taken[EXTENDED] == s->other->written[EXTENDED]);
}

static void on_eof(struct nacre_channel *ch)
{
    struct side *s = begin(ch, "eof");
    const struct world *w = s->party->world;

    REQUIRE(w, s->granted && !s->told_eof && !s->said_close, "eof at the wrong time");
    REQUIRE(w, s->other->said_eof && has_all(s), "eof before all data");
    s->told_eof = true;
    finish(s);
}

static void on_close(struct nacre_channel *ch)
{
    struct side *s = begin(ch, "close");
    const struct world *w = s->party->world;

    REQUIRE(w, s->granted && !s->told_close && !s->said_close, "close at the wrong time");
    REQUIRE(w, s->other->said_close && s->told_eof && has_all(s), "close before eof");
    s->told_close = true;
    finish(s);
}

static void check_cause(const struct side *s, const struct nacre_end *why)
{
    const struct world *w = s->party->world;
    struct nacre_end end;
    bool over = nacre_session_ended(s->party->session, &end);

    switch (why->cause) {
    case NACRE_OPEN_REFUSED:
        REQUIRE(w, !s->granted && !s->other->granted, "refused after it was granted");
        return;
    case NACRE_WE_CLOSED:
        REQUIRE(w, s->said_close, "we did not close");
        return;
    case NACRE_PEER_CLOSED:
        REQUIRE(w, s->other->said_close, "the peer did not close");
        REQUIRE(w, s->said_close || (s->told_close && has_all(s)), "closed before all was told");
        return;
    default:
        REQUIRE(w, over && why->cause == end.cause, "closed: %s, but the session: %s",
                nacre_cause_text(why->cause), over ? nacre_cause_text(end.cause) : "goes on");
    }
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct side *s = begin(ch, "closed");

    simulate_trace(s->party->world, "%s: channel %u: because %s", s->party->name, s->link->serial,
                   nacre_cause_text(why->cause));
    check_cause(s, why);
    s->party->world->tally->closed[why->cause]++;
    s->closed = true;
    finish(s);
    s->channel = NULL;
}

static const struct nacre_channel_app app = {
    .open = on_open,
    .data = on_data,
    .extended_data = on_extended_data,
    .writable = on_writable,
    .request = on_request,
    .replied = on_replied,
    .eof = on_eof,
    .close = on_close,
    .closed = on_closed,
};

/* ---- what they do ---- */

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
    return oldest(&s->other->asking) != NULL;
}

static bool is_of_server(const struct side *s)
{
    return s->party->config.role == NACRE_SERVER && !s->said_exit && s->is_session;
}

static bool may_ask(const struct side *s)
{
    return s->asking.made < REQUESTS_MAX;
}

static void write_some(struct side *s, int stream)
{
    struct world *w = s->party->world;

    if (s->backlog[stream] < BACKLOG_MAX && !s->said_eof)
        s->backlog[stream] += chance_size(&w->chance, w->write_most);
    push(s, stream);
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
    s->mood = some_mood(s->party->world);
    nacre_channel_resume(s->channel);
}

static void act_eof(struct side *s)
{
    s->said_eof = true;
    nacre_channel_eof(s->channel);
}

static void act_close(struct side *s)
{
    s->said_eof = s->said_close = true;
    give_in(&s->other->asking);
    nacre_channel_close(s->channel);
    if (s->channel != NULL && chance_one_in(&s->party->world->chance, 4))
        nacre_channel_answer(s->channel, true);
}

static void act_exit(struct side *s)
{
    s->said_exit = true;
    nacre_channel_exit_status(s->channel, s->link->serial);
}

static void act_answer_open(struct side *s)
{
    bool granted = !chance_one_in(&s->party->world->chance, 4);
    struct nacre_channel *ch = s->channel;

    s->deciding = false;
    s->granted = granted;
    if (!granted)
        s->channel = NULL;
    nacre_channel_open_answer(ch, granted);
}

static void act_answer(struct side *s)
{
    struct asked *asked = oldest(&s->other->asking);
    bool granted = chance_one_in(&s->party->world->chance, 2);

    asked->answer = granted ? GRANTED : REFUSED;
    nacre_channel_answer(s->channel, granted);
}

/* The ways to carry a number in a request. Only the first is known to no library. */
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
    uint8_t data[64];
    struct writer w = write_to(data, sizeof data);

    requests[choice].write(&w, s->asking.made);
    if (nacre_channel_request(s->channel, requests[choice].type, want_reply, data, written(&w)))
        (void)ask(s->party->world, &s->asking, want_reply,
                  choice != 0 || s->said_close || s->other->said_close);
}

/* Now and then so many at once that their answers do not all find room. */
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
                                      .mood = some_mood(w)};
    store_u32(serial, link->serial);
    w->link_count++; /* the other end may know it before the call returns */
    link->side[0].channel = nacre_session_open(p->session, type, &app, &link->side[0], serial, 4);
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
        nacre_session_global_request(p->session, "simulate@nacre", want_reply, id, 4))
        (void)ask(w, &p->asking, want_reply, false);
}

/* The host carries the number; with port 0 the server chooses: port_of says which. */
static void act_forward(struct party *p)
{
    struct world *w = p->world;
    bool asks_port = chance_one_in(&w->chance, 2);
    bool cancel = chance_one_in(&w->chance, 4);
    char host[TEXT_LEN];

    (void)snprintf(host, sizeof host, "%u", p->asking.made);
    if (p->config.role == NACRE_CLIENT && p->asking.made < REQUESTS_MAX &&
        p->globals_awaited < 32 &&
        nacre_session_forward(p->session, host, asks_port ? 0 : 8022, cancel))
        ask(w, &p->asking, true, false)->asks_port = asks_port && !cancel;
}

static uint32_t port_of(const struct party *p, const struct asked *asked)
{
    return 1024 + (uint32_t)(asked - p->asking.asked);
}

static void act_answer_global(struct party *p)
{
    struct asked *asked = oldest(&p->other->asking);
    bool granted = chance_one_in(&p->world->chance, 2);

    if (asked == NULL || p->ended)
        return;
    asked->answer = granted ? GRANTED : REFUSED;
    nacre_session_answer_global(p->session, granted, port_of(p->other, asked));
}

static void act_decide(struct party *p)
{
    struct nacre_decision *d = p->decision;

    p->decision = NULL;
    if (d != NULL)
        nacre_decide(d, !chance_one_in(&p->world->chance, 20));
}

/* What the person says whom the server asks. */
static void act_respond(struct party *p)
{
    struct chance *c = &p->world->chance;
    const char *const answers[] = {"secret", chance_one_in(c, 4) ? "wrong" : "secret"};
    size_t count = p->asked_for;

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

/* Either for the whole connection, or for a channel that fits. */
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

/* ---- the end's own callbacks ---- */

static const struct nacre_channel_app *lookup(void *context, const char *type)
{
    (void)context;
    return strcmp(type, "unknown") == 0 ? NULL : &app;
}

static enum nacre_answer on_global(void *context, const struct nacre_global_request *q,
                                   uint32_t *port)
{
    struct party *p = context;
    enum nacre_answer answer = decide(&p->world->chance);
    bool forward = q->kind != NACRE_GLOBAL_OTHER;
    struct asked *asked;

    if (!forward && strcmp(q->name, "simulate@nacre") != 0)
        return NACRE_REFUSE;
    REQUIRE(p->world, (forward || q->len == 4) && !p->ended, "%s: odd global request", p->name);
    asked = see(p->world, &p->other->asking,
                forward ? (uint32_t)strtoul(q->host, NULL, 10) : load_u32(q->data));
    REQUIRE(p->world, asked->want_reply == q->want_reply, "want_reply was changed");
    REQUIRE(p->world, asked->asks_port == (q->kind == NACRE_GLOBAL_FORWARD && q->port == 0),
            "the port was changed");
    asked->answer = answered(answer);
    *port = port_of(p->other, asked);
    return answer;
}

static void on_global_replied(void *context, bool granted, const uint8_t *data, size_t len)
{
    struct party *p = context;
    const struct asked *asked;

    check_reply(p->world, &p->asking, granted);
    asked = &p->asking.asked[p->asking.replied - 1];
    if (granted && asked->asks_port)
        REQUIRE(p->world, len == 4 && load_u32(data) == port_of(p, asked), "another port");
    else
        REQUIRE(p->world, len == 0, "an answer of %zu bytes", len);
}

static void on_password(void *context, struct nacre_decision *d, const char *user,
                        const char *password)
{
    struct party *p = context;

    REQUIRE(p->world, p->decision == NULL, "two questions at once");
    if (chance_one_in(&p->world->chance, 4))
        p->decision = d;
    else
        nacre_decide(d, strcmp(user, "alice") == 0 && strcmp(password, "secret") == 0);
}

static void on_publickey(void *context, struct nacre_decision *d, const char *user,
                         const char *algorithm, const uint8_t *key, size_t len)
{
    (void)algorithm;
    (void)key;
    (void)len;
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

/* A refusal may be held back, each time twice as long. */
static void on_attempted(void *context, const char *user, const char *method, bool granted)
{
    struct party *p = context;
    uint64_t delay = p->config.limits.auth_delay_ms;

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
    REQUIRE(p->world, p->proved != 0, "%s: nothing was proved", p->name);
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

void app_configure(struct party *p)
{
    choose_logins(p);
    p->config.lookup = lookup;
    p->config.global_request = on_global;
    p->config.global_replied = on_global_replied;
    p->config.auth = &p->policy;
}

/* ---- the truth at rest ---- */

static void answer_side(struct side *s)
{
    if (s->channel != NULL && s->deciding)
        act_answer_open(s);
    while (s->channel != NULL && oldest(&s->other->asking) != NULL)
        act_answer(s);
}

void app_answer(struct party *p)
{
    struct world *w = p->world;

    act_decide(p);
    act_respond(p);
    while (!p->ended && oldest(&p->other->asking) != NULL)
        act_answer_global(p);
    for (uint32_t i = 0; i < w->link_count; i++)
        answer_side(&w->links[i].side[w->links[i].side[0].party == p ? 0 : 1]);
}

/* One echo may stay: the other end reads. */
static void be_willing(struct side *s)
{
    if (s->channel == NULL)
        return;
    if (s->mood != ECHO || s->party->config.role == NACRE_CLIENT)
        s->mood = WILLING;
    nacre_channel_resume(s->channel);
}

void app_be_willing(struct party *p)
{
    struct world *w = p->world;

    for (uint32_t i = 0; i < w->link_count; i++)
        be_willing(&w->links[i].side[w->links[i].side[0].party == p ? 0 : 1]);
}

static void check_side(const struct world *w, const struct side *s)
{
    uint32_t serial = s->link->serial;

    for (int stream = 0; stream < STREAMS; stream++) {
        REQUIRE(w, s->taken[stream] == s->other->written[stream], "channel %u: %llu bytes are lost",
                serial, (unsigned long long)(s->other->written[stream] - s->taken[stream]));
        REQUIRE(w, s->said_eof || s->backlog[stream] == 0,
                "channel %u: it was not told that it may write", serial);
    }
    REQUIRE(w, s->told_eof == s->other->said_eof, "channel %u: eof was lost", serial);
    REQUIRE(w, s->told_exit == s->other->said_exit, "channel %u: exit-status was lost", serial);
    check_all_answered(w, &s->asking);
}

static void check_link(const struct world *w, const struct link *link)
{
    const struct side *a = &link->side[0], *b = &link->side[1];

    if (a->said_close || b->said_close || a->closed || b->closed) {
        REQUIRE(w, a->channel == NULL && b->channel == NULL, "channel %u: does not close",
                link->serial);
        return;
    }
    REQUIRE(w, a->granted && b->granted, "channel %u: does not open", link->serial);
    check_side(w, a);
    check_side(w, b);
}

void app_check_settled(const struct world *w)
{
    for (uint32_t i = 0; i < w->link_count; i++)
        check_link(w, &w->links[i]);
    for (int i = 0; i < 2; i++)
        check_all_answered(w, &w->party[i].asking);
}
