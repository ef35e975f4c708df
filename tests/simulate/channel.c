/* The callbacks of a channel: what its application does and expects. */
#include "tests/simulate/parts.h"
#include "connection/budget.h"

#include <stdlib.h>

enum { NESTED_MAX = 3 /* actions inside callbacks inside actions */ };

static struct side *begin(struct nacre_channel *ch, const char *what)
{
    struct side *s = nacre_channel_app_data(ch);
    struct party *p = nacre_channel_context(ch);

    REQUIRE(p->world, s != NULL && s->channel == ch, "%s: %s for a channel that does not exist",
            p->name, what);
    simulate_trace(p->world, "%s: channel %u: %s", p->name, s->link->serial, what);
    REQUIRE(p->world, !s->inside, "%s: %s inside another callback", p->name, what);
    REQUIRE(p->world, !s->closed, "%s: %s after closed", p->name, what);
    REQUIRE(p->world, !p->ended, "%s: %s after the session's end", p->name, what);
    s->inside = true;
    return s;
}

/* Applications also act inside callbacks, on this channel and on others. */
static void finish(struct side *s)
{
    struct world *w = s->party->world;

    if (!w->settling && w->nested < NESTED_MAX && chance_one_in(&w->chance, 8))
        w->act(s->party);
    s->inside = false;
}

enum mood channel_mood(struct world *w)
{
    static const enum mood moods[] = {WILLING, WILLING, WILLING, SLOW, SLOW, DEAF, ECHO};

    return w->settling ? WILLING : moods[chance_below(&w->chance, sizeof moods / sizeof moods[0])];
}

/* As if this end had confirmed with a small window. The library always uses the same one. */
static void shrink(struct nacre_channel *ch, struct chance *c)
{
    uint32_t window = 1 + chance_size(c, ch->window_target - 1);

    budget_give(ch->connection, ch->window_target - window);
    ch->local_window = ch->window_target = window;
}

/* As if the peer had confirmed with a small maximum packet size. */
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

    REQUIRE(w, len == 4 && load_u32(data) < w->link_count, "%s: unexpected open data", p->name);
    s = &w->links[load_u32(data)].side[1];
    REQUIRE(w, s->party == p && s->channel == NULL && !s->closed, "%s: opened twice", p->name);
    s->channel = ch;
    s->mood = channel_mood(w);
    nacre_channel_set_app_data(ch, s);
    if (chance_one_in(&w->chance, 3))
        shrink(ch, &w->chance);
    (void)begin(ch, "open");
    finish(s);
    s->deciding = choice == 1;
    s->granted = choice > 1;
    return choice == 0 ? NACRE_REFUSE : choice == 1 ? NACRE_LATER : NACRE_GRANT;
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    struct party *p = nacre_channel_context(ch);
    struct side *s = nacre_channel_app_data(ch);

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

/* Accept as much as can be written back at once; a backlog is written first. */
static size_t echo(struct side *s, size_t len)
{
    size_t n = len < PIECE ? len : PIECE;

    if (s->backlog[DATA] > 0)
        return 0;
    n = nacre_channel_write(s->channel, stream_pattern(s, DATA, s->written[DATA]), n);
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
        return s->sent_eof || s->sent_close ? len : echo(s, len);
    default:
        return len;
    }
}

static size_t take(struct nacre_channel *ch, int stream, const uint8_t *data, size_t len)
{
    struct side *s = begin(ch, stream == DATA ? "data" : "extended data");
    const struct world *w = s->party->world;
    size_t n;

    REQUIRE(w, s->granted && !s->sent_close && !s->got_eof, "data at the wrong time");
    REQUIRE(w, len > 0 && s->taken[stream] + len <= s->other->written[stream],
            "data that was not written");
    stream_check_message(s, stream, len);
    n = wanted(s, len);
    stream_check(s->other, stream, s->taken[stream], data, n);
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

    REQUIRE(s->party->world, s->granted && !s->sent_close, "writable at the wrong time");
    stream_push(s, EXTENDED);
    stream_push(s, DATA);
    finish(s);
}

/* The number that the request carries. */
static uint32_t number_in(const struct nacre_request *q)
{
    switch (q->kind) {
    case NACRE_REQUEST_OTHER:
        return q->len >= 4 ? load_u32(q->data) : UINT32_MAX;
    case NACRE_REQUEST_WINDOW_CHANGE:
        return q->columns;
    case NACRE_REQUEST_BREAK:
        return q->break_ms;
    default:
        return (uint32_t)strtoul(q->text, NULL, 10);
    }
}

/* It carries no number. */
static void take_exit(struct side *s, const struct nacre_request *q)
{
    const struct world *w = s->party->world;

    REQUIRE(w, s->other->sent_exit && !s->got_exit && !q->want_reply, "exit-status out of place");
    REQUIRE(w, q->exit_status == s->link->serial, "another exit-status than was sent");
    s->got_exit = true;
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *q)
{
    struct side *s = begin(ch, q->type);
    struct world *w = s->party->world;
    enum nacre_answer answer = chance_answer(&w->chance);
    struct asked *asked = NULL;

    REQUIRE(w, s->granted && !s->sent_close && !s->got_close, "request at the wrong time");
    if (q->kind == NACRE_REQUEST_EXIT_STATUS) {
        take_exit(s, q);
        answer = NACRE_GRANT;
    } else {
        asked = asking_see(w, &s->other->asking, number_in(q));
        REQUIRE(w, asked->want_reply == q->want_reply, "want_reply was changed");
    }
    if (answer == NACRE_GRANT &&
        (q->kind == NACRE_REQUEST_EXEC || q->kind == NACRE_REQUEST_SUBSYSTEM))
        s->has_program = true;
    finish(s);
    if (asked != NULL)
        asked->answer =
            s->sent_close ? EITHER : answered(answer); /* from now on other actions may answer it */
    return answer;
}

static void on_replied(struct nacre_channel *ch, bool granted)
{
    struct side *s = begin(ch, "replied");

    REQUIRE(s->party->world, !s->sent_close, "a reply after this end closed");
    asking_check_reply(s->party->world, &s->asking, granted);
    finish(s);
}

/* If a client closes a session before it has a program, its data is dropped. */
static bool is_abandoned(const struct side *s)
{
    return s->is_session && s == &s->link->side[1] && !s->has_program && s->other->sent_close;
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

    REQUIRE(w, s->granted && !s->got_eof && !s->sent_close, "eof at the wrong time");
    REQUIRE(w, s->other->sent_eof && has_all(s), "eof before all data");
    s->got_eof = true;
    finish(s);
}

static void on_close(struct nacre_channel *ch)
{
    struct side *s = begin(ch, "close");
    const struct world *w = s->party->world;

    REQUIRE(w, s->granted && !s->got_close && !s->sent_close, "close at the wrong time");
    REQUIRE(w, s->other->sent_close && s->got_eof && has_all(s), "close before eof");
    s->got_close = true;
    finish(s);
}

static void check_cause(const struct side *s, const struct nacre_end *why)
{
    const struct world *w = s->party->world;
    const struct nacre_end *end = nacre_session_ended(s->party->session);
    bool over = end != NULL;

    switch (why->cause) {
    case NACRE_OPEN_REFUSED:
        REQUIRE(w, !s->granted && !s->other->granted && !s->deciding, "refused without an answer");
        REQUIRE(w, why->code != 0, "refused without a reason");
        return;
    case NACRE_WE_CLOSED:
        REQUIRE(w, s->sent_close, "this end did not close");
        return;
    case NACRE_PEER_CLOSED:
        REQUIRE(w, s->other->sent_close, "the peer did not close");
        REQUIRE(w, s->sent_close || (s->got_close && has_all(s)),
                "closed before the last callback");
        return;
    default:
        REQUIRE(w, over && why->cause == end->cause, "closed: %s, but the session: %s",
                nacre_cause_text(why->cause), over ? nacre_cause_text(end->cause) : "goes on");
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

const struct nacre_channel_app channel_app = {
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
